import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { benjaminiHochberg } from './multiple-testing.ts';

/** The step-up procedure itself: reject the k smallest for the largest k with p₍ₖ₎ ≤ αk/n. */
function naiveRejections(p: readonly number[], alpha: number): boolean[] {
  const sorted = [...p].sort((a, b) => a - b);
  const k = sorted.findLastIndex((value, i) => value * p.length <= alpha * (i + 1));
  const cut = k === -1 ? -1 : (sorted[k] ?? -1);
  return p.map((value) => value <= cut);
}

it('rejects what the step-up procedure rejects', () => {
  const probability = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(probability, { maxLength: 30 }), fc.constantFrom(0.013, 0.05, 0.21), (p, alpha) => {
      expect(benjaminiHochberg(p).map((q) => q <= alpha)).toEqual(naiveRejections(p, alpha));
    }),
  );
});
