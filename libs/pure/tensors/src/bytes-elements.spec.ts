import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countTextElements, encodeBytesElements } from './bytes-elements.ts';
import { TensorError } from './tensor-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

const isText = (bytes: Uint8Array): boolean => {
  try {
    return !utf8.decode(bytes).includes('\0');
  } catch {
    return false;
  }
};
/** Texts short and long, some with zero characters, bytes that are none, and texts cut in the middle of a character. */
const element = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 6 }),
  fc.constantFrom('\0', 'a\0b', `${'a'.repeat(60)}\0`).map((text) => Buffer.from(text)),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }).map((text) => Buffer.from(text).subarray(0, -1)),
);

describe('countTextElements', () => {
  it('counts the elements where all are UTF-8 without zero characters, and names the first that is not', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), (elements) => {
        const raw = encodeBytesElements(elements);
        const bad = elements.findIndex((bytes) => !isText(bytes));
        if (bad < 0) expect(countTextElements(raw)).toBe(elements.length);
        else {
          expect(() => countTextElements(raw, 'x')).toThrow(expect.objectContaining({ field: `x[${bad}]` }));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('refuses every tensor that ends inside an element', () => {
    const raw = encodeBytesElements([Buffer.from('one'), Buffer.from('three')]);
    for (let length = 1; length < raw.length; length++) {
      if (length === 7) continue;
      expect(() => countTextElements(raw.subarray(0, length))).toThrow(TensorError);
    }
    expect(countTextElements(raw.subarray(0, 7))).toBe(1);
  });

  it('takes a length above 2^31 for what it is', () => {
    expect(() => countTextElements(Buffer.from([0, 0, 0, 0x80]))).toThrow('longer than its tensor');
  });
});
