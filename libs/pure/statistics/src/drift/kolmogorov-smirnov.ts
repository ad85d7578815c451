import type { TestResult } from './homogeneity.ts';

/** Above this many lattice points the p-value is asymptotic. */
const EXACT_UP_TO = 4_000_000;

/**
 * Two-sample Kolmogorov–Smirnov test on counts over the same ordered bins. With every distinct value an edge it is
 * the test on the values themselves; with coarser bins the statistic can only be smaller, so the test is
 * conservative. Exact where n·m ≤ 4,000,000, asymptotic above. An empty sample gives statistic 0 and p 1.
 */
export function kolmogorovSmirnov(reference: readonly number[], current: readonly number[]): TestResult {
  const n = sum(reference);
  const m = sum(current);
  if (n === 0 || m === 0) return { statistic: 0, pValue: 1 };
  const gap = largestGap(reference, current, n, m);
  const statistic = gap / (n * m);
  const pValue = n * m <= EXACT_UP_TO ? exact(gap, n, m) : asymptotic(statistic, (n * m) / (n + m));
  return { statistic, pValue };
}

/** max |F − G| · n·m, an integer, so that ties with the lattice are exact. */
function largestGap(reference: readonly number[], current: readonly number[], n: number, m: number): number {
  let left = 0;
  let right = 0;
  let gap = 0;
  reference.forEach((count, bin) => {
    left += count;
    right += current[bin] ?? 0;
    gap = Math.max(gap, Math.abs(left * m - right * n));
  });
  return gap;
}

/**
 * P(D ≥ d) by the share of lattice paths from (0, 0) to (n, m) that touch |i/n − j/m| ≥ d (Hodges, 1958), as
 * probabilities so that nothing overflows.
 */
function exact(gap: number, n: number, m: number): number {
  const outside = (i: number, j: number): boolean => Math.abs(i * m - j * n) >= gap;
  const reached = new Float64Array(m + 1);
  reached[0] = outside(0, 0) ? 1 : 0;
  for (let j = 1; j <= m; j++) reached[j] = outside(0, j) ? 1 : (reached[j - 1] ?? 0);
  for (let i = 1; i <= n; i++) {
    reached[0] = outside(i, 0) ? 1 : (reached[0] ?? 0);
    for (let j = 1; j <= m; j++) {
      const fromBelow = (reached[j - 1] ?? 0) * (j / (i + j));
      const fromLeft = (reached[j] ?? 0) * (i / (i + j));
      reached[j] = outside(i, j) ? 1 : fromBelow + fromLeft;
    }
  }
  return reached[m] ?? 1;
}

/**
 * Kolmogorov's limit with Vrbik's (2018) correction of the argument, x + 1/(6√N) + (x − 1)/(4N), N = nm/(n + m)
 * rounded: within 1e-3 of the exact value from N = 20 on.
 */
function asymptotic(statistic: number, effective: number): number {
  const size = Math.round(effective);
  const x = statistic * Math.sqrt(size);
  const corrected = x + 1 / (6 * Math.sqrt(size)) + (x - 1) / (4 * size);
  if (corrected < 0.2) return 1;
  let survival = 0;
  for (let k = 1; k <= 100; k++) {
    const term = Math.exp(-2 * k * k * corrected * corrected);
    survival += k % 2 === 1 ? 2 * term : -2 * term;
    if (term < 1e-18) break;
  }
  return Math.min(1, Math.max(0, survival));
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}
