import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { poissonArrivals } from './poisson-arrivals.ts';
import { seededRandom } from './random.ts';

const COUNT = 20_000;

function first(count: number, perSecond: number, seed: number): number[] {
  const arrivals = poissonArrivals(perSecond, seededRandom(seed));
  return Array.from({ length: count }, () => arrivals.next().value);
}

describe('Poisson arrivals', () => {
  it('ascend and come at the rate asked for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50_000 }), fc.integer(), (perSecond, seed) => {
        const arrivals = first(COUNT, perSecond, seed);
        expect(arrivals.every((atMs, index) => atMs >= (arrivals[index - 1] ?? 0))).toBe(true);
        const seconds = (arrivals.at(-1) as number) / 1_000;
        // The time of 20,000 arrivals deviates by 0.7 % (one standard deviation).
        expect(Math.abs((seconds * perSecond) / COUNT - 1)).toBeLessThan(0.05);
      }),
      { numRuns: 20 },
    );
  });

  it('fall into windows as Poisson counts do: the variance is the mean', () => {
    const counts = Array.from({ length: 900 }, () => 0);
    for (const atMs of first(COUNT, 1_000, 7)) {
      const window = Math.floor(atMs / 20);
      if (window < counts.length) counts[window] = (counts[window] as number) + 1;
    }
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / counts.length;
    expect(variance / mean).toBeGreaterThan(0.85);
    expect(variance / mean).toBeLessThan(1.15);
  });

  it('are the same for the same seed', () => {
    expect(first(50, 100, 3)).toEqual(first(50, 100, 3));
    expect(first(50, 100, 3)).not.toEqual(first(50, 100, 4));
  });

  it('need a rate', () => {
    expect(() => first(1, 0, 1)).toThrow(RangeError);
  });
});
