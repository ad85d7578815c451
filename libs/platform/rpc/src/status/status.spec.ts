import { describe, expect, it } from '@jest/globals';
import { Code, ServiceError } from '@plumbline/errors';
import fc from 'fast-check';
import { decodeStatus } from './decode-status.ts';
import { encodeStatus, statusMessage } from './encode-status.ts';
import { toServiceError } from './to-service-error.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 80 });
const failure = fc.record({
  code: fc.integer({ min: 1, max: 16 }),
  reason: fc.stringMatching(/^[A-Z][A-Z0-9_]{1,30}$/),
  message: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }),
  domain: fc.stringMatching(/^[a-z]{1,10}\.plumbline\.dev$/),
  metadata: fc.dictionary(fc.stringMatching(/^[a-z]\w{0,20}$/), text, { maxKeys: 4, noNullPrototype: true }),
  fieldViolations: fc.array(fc.record({ field: text, description: text }), { maxLength: 4 }),
  retryAfterMs: fc.option(fc.nat(10_000_000), { nil: undefined }),
});

type Failure = typeof failure extends fc.Arbitrary<infer T> ? T : never;

function errorOf({ code, reason, message, retryAfterMs, ...rest }: Failure): ServiceError {
  return new ServiceError(code as Code, reason, message, {
    ...rest,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

describe('status details', () => {
  it('carry every part of a ServiceError there and back', () => {
    fc.assert(
      fc.property(failure, (parts) => {
        const error = errorOf(parts);
        const received = decodeStatus({ code: error.code, message: 'other', details: encodeStatus(error) });
        expect({ ...received, message: received.message }).toEqual({ ...error, message: error.message });
      }),
    );
  });

  it('stay small enough for a trailer and keep the reason, however much the error carries', () => {
    const fieldViolations = Array.from({ length: 10_000 }, () => ({
      field: 'f',
      description: 'd'.repeat(100),
    }));
    const metadata = { big: 'x'.repeat(100_000) };
    for (const options of [
      { fieldViolations },
      { metadata },
      { fieldViolations, metadata, retryAfterMs: 5 },
    ]) {
      const bytes = encodeStatus(new ServiceError(Code.INVALID_ARGUMENT, 'BIG', 'm'.repeat(10_000), options));
      expect(bytes.length).toBeLessThan(8_000);
      expect(decodeStatus({ code: 3, message: '', details: bytes })).toMatchObject({ reason: 'BIG' });
    }
  });

  it('survive text that is not well-formed', () => {
    const error = new ServiceError(Code.ABORTED, 'R', 'lone \ud800', { metadata: { key: '\udc00' } });
    expect(() => encodeURI(statusMessage(error))).not.toThrow();
    expect(decodeStatus({ code: 10, message: '', details: encodeStatus(error) }).message).toBe('lone \ufffd');
  });

  it('that are missing or unreadable leave the status code as the reason', () => {
    for (const details of [undefined, Buffer.from([0xff, 0xff])]) {
      expect(decodeStatus({ code: 5, message: 'gone', details })).toMatchObject({
        codeName: 'NOT_FOUND',
        reason: 'NOT_FOUND',
        message: 'gone',
      });
    }
    expect(decodeStatus({ code: 99, message: '', details: undefined }).codeName).toBe('UNKNOWN');
  });

  it('read as failures on any bytes, never as an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(20), (details, code) => {
        expect(decodeStatus({ code, message: '', details })).toBeInstanceOf(ServiceError);
      }),
    );
  });
});

describe('toServiceError', () => {
  it('keeps a ServiceError and hides everything else', () => {
    const known = new ServiceError(Code.NOT_FOUND, 'R', 'm');
    expect(toServiceError(known)).toBe(known);
    for (const thrown of [new Error('secret'), 'secret', null, undefined]) {
      expect(toServiceError(thrown)).toMatchObject({ reason: 'INTERNAL', message: 'internal error' });
    }
  });
});
