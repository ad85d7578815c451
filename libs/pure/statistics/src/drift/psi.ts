/**
 * Names the smoothing that a stored PSI was computed with. A PSI without its rule is meaningless: on the same
 * counts, published rules differ by two orders of magnitude. This one adds ½ to every bin that either sample fills
 * and leaves out bins that are empty in both, which would count as drift wherever n and m differ.
 */
export const PSI_RULE = 'plus-half/1';

/** Counts over fixed bins, prepared for many comparisons. */
export interface Sample {
  readonly n: number;
  /** Each count and a half, and its logarithm. */
  readonly raised: Float64Array;
  readonly logRaised: Float64Array;
}

export function sampleOf(counts: readonly number[]): Sample {
  const raised = Float64Array.from(counts, (count) => count + 0.5);
  return {
    n: counts.reduce((sum, count) => sum + count, 0),
    raised,
    logRaised: raised.map(Math.log),
  };
}

export interface Distance {
  readonly psi: number;
  /** Bins that either sample fills. */
  readonly bins: number;
}

/**
 * Population stability index Σ (qᵢ − pᵢ)·ln(qᵢ / pᵢ) by {@link PSI_RULE} of two count vectors over the same bins.
 * Symmetric, ≥ 0, in nats.
 */
export function psi(reference: readonly number[], current: readonly number[]): number {
  return psiBetween(sampleOf(reference), sampleOf(current)).psi;
}

/** {@link psi} of prepared samples over the same bins. */
export function psiBetween(reference: Sample, current: Sample): Distance {
  const bins = filledBins(reference, current);
  const total = reference.n + bins / 2;
  const currentTotal = current.n + bins / 2;
  const logRatio = Math.log(total / currentTotal);
  let psi = 0;
  for (let i = 0; i < reference.raised.length; i++) {
    const p = reference.raised[i] ?? 0;
    const q = current.raised[i] ?? 0;
    if (p === 0.5 && q === 0.5) continue;
    const logs = (current.logRaised[i] ?? 0) - (reference.logRaised[i] ?? 0) + logRatio;
    psi += (q / currentTotal - p / total) * logs;
  }
  return { psi, bins };
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

function filledBins(reference: Sample, current: Sample): number {
  let filled = 0;
  for (let i = 0; i < reference.raised.length; i++) {
    if ((reference.raised[i] ?? 0) > 0.5 || (current.raised[i] ?? 0) > 0.5) filled++;
  }
  return filled;
}
