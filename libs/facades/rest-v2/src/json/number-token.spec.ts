import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readNumber, type NumberToken } from './number-token.ts';

function read(text: string): NumberToken | undefined {
  const token: NumberToken = { end: 0, value: 0, isInteger: false };
  return readNumber(Buffer.from(` ${text},`), 1, token) ? token : undefined;
}

/** What JSON itself says: the number, or nothing where the text is none. */
function parsed(text: string): number | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'number' ? value : undefined;
  } catch {
    return undefined;
  }
}

const digits = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength });
const decimal = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits(22),
    fc.option(digits(25)),
    fc.option(fc.integer({ min: -330, max: 310 })),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      sign + whole + (fraction === null ? '' : `.${fraction}`) + (exponent === null ? '' : `e${exponent}`),
  );

describe('a number in JSON', () => {
  it('is read as JSON.parse reads it, to the last bit', () => {
    fc.assert(
      fc.property(fc.oneof(decimal, fc.double().map(String), fc.maxSafeInteger().map(String)), (text) => {
        expect(read(text)?.value).toBe(parsed(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('is whatever JSON.parse takes for one, and nothing else', () => {
    const text = fc.string({ unit: fc.constantFrom(...'0019.eE+-'), minLength: 1, maxLength: 7 });
    fc.assert(
      fc.property(text, (candidate) => {
        const token = read(candidate);
        const whole = token?.end === candidate.length + 1 ? token.value : undefined;
        expect(whole).toBe(parsed(candidate));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['7', true],
    ['-0', true],
    ['12345678901234567890', true],
    ['7.0', false],
    ['7e0', false],
  ])('%s is an integer: %s', (text, isInteger) => {
    expect(read(text)?.isInteger).toBe(isInteger);
  });
});
