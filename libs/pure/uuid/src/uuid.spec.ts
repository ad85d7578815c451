import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { derivedUuid, formatUuid, isUuid, mintUuidV7, parseUuid } from './index.ts';

const ids = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('UUIDs', () => {
  it('keep their bytes through the text form, in either case', () => {
    fc.assert(
      fc.property(ids, (id) => {
        expect(parseUuid(formatUuid(id))).toEqual(Buffer.from(id));
        expect(parseUuid(formatUuid(id).toUpperCase())).toEqual(Buffer.from(id));
      }),
    );
  });

  it.each([
    '',
    'x',
    '00000000-0000-4000-8000-00000000000',
    '{00000000-0000-4000-8000-000000000000}',
    '00000000-0000-4000-8000-000000000000\n',
    '000000000000-4000-8000-0000-00000000',
  ])('are not read from %j', (text) => {
    expect(isUuid(text)).toBe(false);
    expect(parseUuid(text)).toBeUndefined();
  });

  it('of version 7 carry the millisecond of their minting, so that they sort by time', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 57n }), (nowUs) => {
        const id = mintUuidV7(nowUs);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(BigInt(`0x${id.replaceAll('-', '').slice(0, 12)}`)).toBe(nowUs / 1_000n);
      }),
    );
  });

  it('that are derived follow from their text alone', () => {
    expect(derivedUuid('a')).toBe('ca978112-ca1b-8dca-bac2-31b39a23dc4d');
    expect(derivedUuid('a')).not.toBe(derivedUuid('b'));
  });
});
