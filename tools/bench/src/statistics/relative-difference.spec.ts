import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { relativeDifference } from './relative-difference.ts';

const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('the relative difference', () => {
  it('is the largest one over the largest magnitude expected', () => {
    expect(relativeDifference([1, -10.5], [1, -10])).toBeCloseTo(0.05, 12);
  });

  it('is 0 between equals, zeros included, and only there', () => {
    expect(relativeDifference([0, 0], [0, 0])).toBe(0);
    expect(relativeDifference([0, 1], [0, 0])).toBe(Infinity);
  });

  it('does not depend on the unit', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(finite, finite), { minLength: 1 }), (pairs) => {
        const [actual, expected] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const doubled = relativeDifference(
          actual.map((value) => 2 * value),
          expected.map((value) => 2 * value),
        );
        expect(doubled).toBe(relativeDifference(actual, expected));
      }),
    );
  });

  it.each([
    [[], []],
    [[1], [1, 2]],
    [[Number.NaN], [1]],
    [[1], [Number.NaN]],
    [[Infinity], [1]],
  ])('is infinite between %j and %j', (actual, expected) => {
    expect(relativeDifference(actual, expected)).toBe(Infinity);
  });
});
