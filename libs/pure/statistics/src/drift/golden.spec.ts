import { describe, expect, it } from '@jest/globals';
import { benjaminiHochberg } from './multiple-testing.ts';
import { chiSquareTest, gTest, rateTest } from './homogeneity.ts';
import { kolmogorovSmirnov } from './kolmogorov-smirnov.ts';
import { psi } from './psi.ts';

// Computed with scipy 1.17.1.
const A = Array.from({ length: 100 }, (_, i) => ((37 * i) % 101) / 10);
const B = Array.from({ length: 80 }, (_, i) => ((53 * i) % 97) / 10 + 1.5);
const reference = [50, 30, 20, 0];
const current = [40, 35, 15, 10];

function countDistinct(values: readonly number[], distinct: readonly number[]): number[] {
  return distinct.map((value) => values.filter((other) => other === value).length);
}

describe('statistics agree with scipy', () => {
  const distinct = [...new Set([...A, ...B])].sort((a, b) => a - b);

  it('in Kolmogorov–Smirnov, exactly', () => {
    const { statistic, pValue } = kolmogorovSmirnov(countDistinct(A, distinct), countDistinct(B, distinct));
    expect(statistic).toBe(0.15);
    expect(pValue).toBeCloseTo(0.24563233880550928, 13);
  });

  it('in asymptotic Kolmogorov–Smirnov, to 1e-3', () => {
    const times = (counts: number[]) => counts.map((count) => count * 100);
    const left = times(countDistinct(A, distinct));
    const right = times(countDistinct(B, distinct));
    const shifted = left.map((count, i) => (i < 2 ? count - 50 : i > left.length - 3 ? count + 50 : count));
    const { statistic, pValue } = kolmogorovSmirnov(left, left);
    expect([statistic, pValue]).toEqual([0, 1]);
    expect(kolmogorovSmirnov(left, right).pValue).toBeLessThan(1e-80);
    expect(kolmogorovSmirnov(left, shifted).pValue).toBeGreaterThan(0.1);
  });

  it('in χ² and G', () => {
    const pearson = chiSquareTest(reference, current);
    expect(pearson.statistic).toBeCloseTo(12.21001221001221, 12);
    expect(pearson.pValue).toBeCloseTo(0.006697303426989618, 14);
    expect(pearson.degrees).toBe(3);
    const g = gTest(reference, current);
    expect(g.statistic).toBeCloseTo(16.078083224982358, 12);
    expect(g.pValue).toBeCloseTo(0.0010929405035802941, 14);
  });

  it('in the missing-rate z test', () => {
    const { statistic, pValue } = rateTest(200, 10_000, 20, 500);
    expect(statistic).toBeCloseTo(3.0472055, 7);
    expect(pValue).toBeCloseTo(0.0023097971, 10);
  });

  it('in Benjamini–Hochberg', () => {
    const p = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216];
    const q = [0.01, 0.04, 0.084, 0.084, 0.084, 0.1, 0.1057142857, 0.216, 0.216, 0.216];
    benjaminiHochberg(p).forEach((value, i) => expect(value).toBeCloseTo(q[i] ?? NaN, 10));
  });

  it('in PSI with half a count added to every bin', () => {
    expect(psi(reference, current)).toBeCloseTo(0.34126, 5);
  });
});

describe('tests of nothing', () => {
  it('have a p-value of 1', () => {
    expect(gTest([0, 0], [1, 2]).pValue).toBe(1);
    expect(chiSquareTest([5, 0], [3, 0]).pValue).toBe(1);
    expect(rateTest(0, 10, 0, 5).pValue).toBe(1);
    expect(kolmogorovSmirnov([0, 0], [1, 0]).pValue).toBe(1);
    expect(benjaminiHochberg([])).toEqual([]);
  });
});
