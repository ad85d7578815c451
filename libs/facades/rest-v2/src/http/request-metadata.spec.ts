import { describe, expect, it } from '@jest/globals';
import { thrown } from '../../test/thrown.ts';
import { requestMetadata, requestTimeoutMs } from './request-metadata.ts';

const entries = (headers: Record<string, string>) => Object.fromEntries(requestMetadata(headers).entries());

describe('the metadata of a request', () => {
  it('is what concerns the operation behind it', () => {
    const forwarded = {
      authorization: 'Bearer x',
      traceparent: '00-1-2-01',
      tracestate: 'a=b',
      'plumbline-tenant': 'acme',
      'plumbline-request-id': 'r1',
    };
    const others = {
      host: 'h',
      cookie: 'c',
      'content-length': '3',
      'x-request-id': 'r2',
      'plumbline-timeout-ms': '5',
      'plumbline-thing-bin': 'AA==',
    };
    expect(entries({ ...forwarded, ...others })).toEqual(forwarded);
  });

  it('takes X-Request-Id where there is no id of our own', () => {
    expect(entries({ 'x-request-id': 'r2' })).toEqual({ 'plumbline-request-id': 'r2' });
  });

  it('is printable ASCII', async () => {
    expect(await thrown(() => requestMetadata({ 'plumbline-tenant': 'ä' }))).toMatchObject({
      reason: 'HEADER_INVALID',
    });
  });

  it.each([
    [undefined, undefined],
    ['1', 1],
    ['30000', 30_000],
  ])('has the timeout %p as %p', (header, expected) => {
    expect(requestTimeoutMs(header === undefined ? {} : { 'plumbline-timeout-ms': header })).toBe(expected);
  });

  it.each(['', '0', '-1', '1.5', '5s', '9999999999'])('has no timeout %p', async (header) => {
    expect(await thrown(() => requestTimeoutMs({ 'plumbline-timeout-ms': header }))).toMatchObject({
      reason: 'HEADER_INVALID',
    });
  });
});
