import { chiSquareSurvival } from '../distributions/chi-square.ts';
import { normalTwoSided } from '../distributions/normal.ts';

export interface TestResult {
  readonly statistic: number;
  readonly pValue: number;
}

export interface ContingencyResult extends TestResult {
  readonly degrees: number;
}

/**
 * Likelihood-ratio (G) test that two count vectors over the same bins share one distribution. Bins that are empty
 * in both are left out; with fewer than two left, or an empty sample, statistic 0 and p 1.
 */
export function gTest(reference: readonly number[], current: readonly number[]): ContingencyResult {
  return contingency(reference, current, (observed, expected) =>
    observed === 0 ? 0 : 2 * observed * Math.log(observed / expected),
  );
}

/** Pearson's χ² test of homogeneity; empty bins as in {@link gTest}. */
export function chiSquareTest(reference: readonly number[], current: readonly number[]): ContingencyResult {
  return contingency(reference, current, (observed, expected) => (observed - expected) ** 2 / expected);
}

/** Two-proportion z test with pooled variance, two-sided: does the rate of missing values differ? */
export function rateTest(
  referencePart: number,
  referenceTotal: number,
  part: number,
  total: number,
): TestResult {
  const pooled = (referencePart + part) / (referenceTotal + total);
  const variance = pooled * (1 - pooled) * (1 / referenceTotal + 1 / total);
  if (!(variance > 0)) return { statistic: 0, pValue: 1 };
  const statistic = (part / total - referencePart / referenceTotal) / Math.sqrt(variance);
  return { statistic, pValue: normalTwoSided(statistic) };
}

function contingency(
  reference: readonly number[],
  current: readonly number[],
  term: (observed: number, expected: number) => number,
): ContingencyResult {
  const n = sum(reference);
  const m = sum(current);
  const pairs = reference.map((count, bin) => [count, current[bin] ?? 0] as const);
  const used = pairs.filter(([left, right]) => left + right > 0);
  if (n === 0 || m === 0 || used.length < 2) return { statistic: 0, pValue: 1, degrees: 0 };
  const statistic = used.reduce((all, [left, right]) => {
    const share = (left + right) / (n + m);
    return all + term(left, share * n) + term(right, share * m);
  }, 0);
  const degrees = used.length - 1;
  return { statistic, pValue: chiSquareSurvival(statistic, degrees), degrees };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
