import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatFixed } from './format-fixed.ts';

/** `%f` on the exact value of a double: mantissa · 2^exponent, rounded half to even in whole numbers. */
function exactly(value: number): string {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n;
  const sign = bits >> 63n === 1n ? '-' : '';
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = Math.max(biased, 1) - 1075;
  const numerator = mantissa * 1_000_000n * (exponent > 0 ? 1n << BigInt(exponent) : 1n);
  const denominator = exponent < 0 ? 1n << BigInt(-exponent) : 1n;
  const twice = 2n * (numerator % denominator);
  let millionths = numerator / denominator;
  if (twice > denominator || (twice === denominator && millionths % 2n === 1n)) millionths++;
  const digits = String(millionths).padStart(7, '0');
  return `${sign}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ min: -1, max: 1, noNaN: true }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map((numerator) => numerator / 128),
  fc.maxSafeInteger().map((numerator) => numerator / 128),
);

describe('formatFixed', () => {
  it('writes the six decimals nearest to the exact value, halves to the even digit', () => {
    fc.assert(
      fc.property(finite, (value) => expect(formatFixed(value)).toBe(exactly(value))),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [0.5, '0.500000'],
    [1 / 128, '0.007812'],
    [3 / 128, '0.023438'],
    [-0, '-0.000000'],
    [-1e-9, '-0.000000'],
    [1e22, '10000000000000000000000.000000'],
    [Infinity, 'inf'],
    [-Infinity, '-inf'],
    [NaN, 'nan'],
  ])('writes %p as %p', (value, text) => {
    expect(formatFixed(value)).toBe(text);
  });
});
