/**
 * Names the smoothing that a stored PSI was computed with. A PSI without its rule is meaningless: on the same
 * counts, published rules differ by two orders of magnitude.
 */
export const PSI_RULE = 'plus-half/1';

/**
 * Population stability index Σ (qᵢ − pᵢ)·ln(qᵢ / pᵢ) of two count vectors over the same bins, each bin's count
 * raised by ½ before shares are taken ({@link PSI_RULE}). Symmetric, ≥ 0, in nats.
 */
export function psi(reference: readonly number[], current: readonly number[]): number {
  const p = smoothedShares(reference);
  const q = smoothedShares(current);
  return p.reduce((sum, share, i) => {
    const other = q[i] ?? 0;
    return sum + (other - share) * Math.log(other / share);
  }, 0);
}

/**
 * What PSI is expected to be from sampling alone, for B bins and samples of n and m drawn from one distribution:
 * (B − 1)(1/n + 1/m) (Yurdakul & Naranjo, 2020).
 */
export function expectedPsi(binCount: number, n: number, m: number): number {
  return (binCount - 1) * (1 / n + 1 / m);
}

function smoothedShares(counts: readonly number[]): number[] {
  const sum = counts.reduce((all, count) => all + count + 0.5, 0);
  return counts.map((count) => (count + 0.5) / sum);
}
