import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chiSquareSurvival, noncentralChiSquareQuantile, noncentralChiSquareSurvival } from './chi-square.ts';
import { logGamma } from './gamma.ts';
import { normalSurvival, normalTwoSided } from './normal.ts';

/** Σ of Poisson weights times central tails, term by term from zero. */
function naiveMixture(x: number, degrees: number, lambda: number): number {
  let weight = Math.exp(-lambda / 2);
  let sum = 0;
  for (let j = 0; j < 600; j++) {
    sum += weight * chiSquareSurvival(x, degrees + 2 * j);
    weight *= lambda / 2 / (j + 1);
  }
  return sum;
}

describe('distributions', () => {
  it('know the factorials', () => {
    let factorial = 1;
    for (let n = 1; n < 30; n++) {
      expect(logGamma(n)).toBeCloseTo(Math.log(factorial), 11);
      factorial *= n;
    }
  });

  it('match tables of χ² and of the normal', () => {
    expect(chiSquareSurvival(3.841458820694124, 1)).toBeCloseTo(0.05, 14);
    expect(chiSquareSurvival(16.918977604620448, 9)).toBeCloseTo(0.05, 14);
    expect(normalSurvival(1.959963984540054)).toBeCloseTo(0.025, 14);
    expect(normalSurvival(-1)).toBeCloseTo(0.8413447460685429, 13);
    expect(normalTwoSided(-2)).toBeCloseTo(0.04550026389635842, 14);
  });

  it('mix central χ² into the non-central one', () => {
    const degrees = fc.integer({ min: 1, max: 40 });
    const lambda = fc.double({ min: 0, max: 200, noNaN: true });
    fc.assert(
      fc.property(degrees, lambda, fc.double({ min: 0, max: 3, noNaN: true }), (k, l, scale) => {
        const x = (k + l) * scale;
        expect(noncentralChiSquareSurvival(x, k, l)).toBeCloseTo(naiveMixture(x, k, l), 10);
      }),
      { numRuns: 60 },
    );
  });

  it('carry the non-central χ² on smoothly where the approximation takes over', () => {
    for (const z of [-2, 0, 1, 3]) {
      const at = (lambda: number) =>
        noncentralChiSquareSurvival(lambda + 11 + z * Math.sqrt(4 * lambda), 11, lambda);
      expect(at(20_001)).toBeCloseTo(at(19_999), 4);
    }
  });

  it('find the quantile of a tail', () => {
    expect(noncentralChiSquareQuantile(0.05, 9, 0)).toBeCloseTo(16.918977604620448, 9);
    for (const lambda of [0, 3, 300, 50_000]) {
      const x = noncentralChiSquareQuantile(0.01, 11, lambda);
      expect(noncentralChiSquareSurvival(x, 11, lambda)).toBeCloseTo(0.01, 9);
    }
  });
});
