import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fromBfloat16, toBfloat16 } from './half-floats.ts';

/** All finite BF16 numbers from zero up, by their bits. */
const FINITE = Array.from({ length: 0x7f80 }, (_, bits) => ({ bits, value: fromBfloat16(bits) }));
const INFINITE = 0x7f80;

/** By looking at every one; ties go to even bits, and what is nearer to the next power of two is infinite. */
function nearest(magnitude: number): number {
  let best = { bits: INFINITE, distance: Math.abs(2 ** 128 - magnitude) };
  for (const { bits, value } of FINITE) {
    const distance = Math.abs(value - magnitude);
    if (distance < best.distance || (distance === best.distance && bits % 2 === 0)) best = { bits, distance };
  }
  return best.bits;
}

describe('BF16', () => {
  it('comes back as the same bits, but for the payload of NaN', () => {
    const again = (bits: number): number => toBfloat16(fromBfloat16(bits));
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits);
    const [nans, others] = [true, false].map((isNaN) =>
      all.filter((bits) => Number.isNaN(fromBfloat16(bits)) === isNaN),
    );
    expect(others?.filter((bits) => again(bits) !== bits)).toEqual([]);
    expect(nans?.filter((bits) => !Number.isNaN(fromBfloat16(again(bits))))).toEqual([]);
  });

  it('is the nearest to a number, ties to even', () => {
    const near = fc.tuple(
      fc.integer({ min: 0, max: 0x7f7f }),
      fc.constantFrom(0, 0.25, 0.5, 0.5 + 2 ** -40, 0.75),
    );
    const numbers = fc.oneof(
      fc.double({ noNaN: true, min: 0, max: 3.4e38 }),
      near.map(([bits, part]) => {
        const [low, high] = [fromBfloat16(bits), bits === 0x7f7f ? 2 ** 128 : fromBfloat16(bits + 1)];
        return low + (high - low) * part;
      }),
    );
    fc.assert(
      fc.property(numbers, (magnitude) => {
        expect(toBfloat16(magnitude)).toBe(nearest(magnitude));
        expect(toBfloat16(-magnitude)).toBe(nearest(magnitude) + 0x8000);
      }),
      { numRuns: 60 },
    );
  });
});
