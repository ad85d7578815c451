/**
 * Names the smoothing that a stored PSI was computed with. A PSI without its rule is meaningless: on the same
 * counts, published rules differ by two orders of magnitude.
 */
export const PSI_RULE = 'plus-half/1';

/** Counts over fixed bins, prepared for many comparisons. */
export interface SmoothedShares {
  readonly n: number;
  readonly shares: Float64Array;
  readonly logShares: Float64Array;
}

/** Shares of each bin after ½ is added to every count ({@link PSI_RULE}). */
export function smooth(counts: readonly number[]): SmoothedShares {
  const n = counts.reduce((sum, count) => sum + count, 0);
  const shares = Float64Array.from(counts, (count) => (count + 0.5) / (n + counts.length / 2));
  return { n, shares, logShares: shares.map(Math.log) };
}

/**
 * Population stability index Σ (qᵢ − pᵢ)·ln(qᵢ / pᵢ) of two count vectors over the same bins, each bin's count
 * raised by ½ before shares are taken ({@link PSI_RULE}). Symmetric, ≥ 0, in nats.
 */
export function psi(reference: readonly number[], current: readonly number[]): number {
  return psiOfShares(smooth(reference), smooth(current));
}

/** {@link psi} of prepared shares; both must have the same length. */
export function psiOfShares(reference: SmoothedShares, current: SmoothedShares): number {
  let sum = 0;
  for (let i = 0; i < reference.shares.length; i++) {
    const p = reference.shares[i] ?? 0;
    const q = current.shares[i] ?? 0;
    sum += (q - p) * ((current.logShares[i] ?? 0) - (reference.logShares[i] ?? 0));
  }
  return sum;
}

/** Variance scale of a PSI between samples of n and m: PSI / (1/n + 1/m) is χ² of B − 1 degrees without drift. */
export function samplingScale(n: number, m: number): number {
  return 1 / n + 1 / m;
}

/**
 * What PSI is expected to be from sampling alone, for B bins and samples of n and m drawn from one distribution:
 * (B − 1)(1/n + 1/m) (Yurdakul & Naranjo, 2020).
 */
export function expectedPsi(binCount: number, n: number, m: number): number {
  return (binCount - 1) * samplingScale(n, m);
}
