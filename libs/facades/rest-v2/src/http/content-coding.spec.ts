import { describe, expect, it } from '@jest/globals';
import { gunzipSync, inflateSync } from 'node:zlib';
import { acceptedCoding, compress } from './content-coding.ts';

describe('the coding of an answer', () => {
  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['GZIP', 'gzip'],
    ['br, deflate, gzip', 'gzip'],
    ['gzip;q=0.5, deflate;q=0.8', 'deflate'],
    ['gzip ; q=0', 'identity'],
    ['gzip;q=0.5, identity', 'identity'],
    ['identity;q=0.1, gzip;q=0.2', 'gzip'],
    ['*', 'gzip'],
    ['*;q=0.5, gzip;q=0', 'deflate'],
    ['gzip;q=nonsense', 'identity'],
    ['br', 'identity'],
  ])('for Accept-Encoding %p is %s', (header, coding) => {
    expect(acceptedCoding(header)).toBe(coding);
  });

  it('can be undone', async () => {
    const body = Buffer.from('abc'.repeat(1_000));
    expect(gunzipSync(await compress(body, 'gzip'))).toEqual(body);
    expect(inflateSync(await compress(body, 'deflate'))).toEqual(body);
  });
});
