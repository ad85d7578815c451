import { expectedPsi, psiBetween, sampleOf, type Distance, type Sample } from './psi.ts';

/** A run of consecutive steps of the reference, as one sample. */
export interface Stretch {
  /** Index of its first step. */
  readonly firstStep: number;
  readonly sample: Sample;
}

/** Shorter samples say more about sampling than about the world. */
export const MINIMUM_STRETCH_VALUES = 100;

/**
 * Every run of `length` consecutive steps that holds at least {@link MINIMUM_STRETCH_VALUES} values. `steps` are
 * counts over the same groups, consecutive in time.
 */
export function slideStretches(steps: readonly (readonly number[])[], length: number): Stretch[] {
  const stretches: Stretch[] = [];
  const counts = (steps[0] ?? []).map(() => 0);
  steps.forEach((entering, step) => {
    const leaving = steps[step - length];
    for (let group = 0; group < counts.length; group++) {
      counts[group] = (counts[group] ?? 0) + (entering[group] ?? 0) - (leaving?.[group] ?? 0);
    }
    if (step < length - 1) return;
    const sample = sampleOf(counts);
    if (sample.n >= MINIMUM_STRETCH_VALUES) stretches.push({ firstStep: step - length + 1, sample });
  });
  return stretches;
}

export interface Nearest extends Distance {
  readonly stretch: Stretch;
}

/** The stretch with the smallest PSI to `window`, the earliest among equals; undefined when there is none. */
export function nearestStretch(stretches: readonly Stretch[], window: Sample): Nearest | undefined {
  let nearest: Nearest | undefined;
  for (const stretch of stretches) {
    const distance = psiBetween(stretch.sample, window);
    if (nearest === undefined || distance.psi < nearest.psi) nearest = { stretch, ...distance };
  }
  return nearest;
}

/**
 * For each stretch, its PSI to the most similar other one that starts at least `apart` steps away, less what
 * sampling alone explains and at least 0; ascending. This is how unlike everything else a stretch without any fault
 * can be. Stretches that have no other one so far away are left out.
 */
export function isolation(stretches: readonly Stretch[], apart: number): number[] {
  const nearest = new Float64Array(stretches.length).fill(Infinity);
  stretches.forEach((left, i) => {
    for (let j = i + 1; j < stretches.length; j++) {
      const right = stretches[j];
      if (right === undefined || right.firstStep - left.firstStep < apart) continue;
      const excess = excessPsi(left.sample, right.sample);
      if (excess < (nearest[i] ?? 0)) nearest[i] = excess;
      if (excess < (nearest[j] ?? 0)) nearest[j] = excess;
    }
  });
  return [...nearest.filter(Number.isFinite).sort()];
}

function excessPsi(left: Sample, right: Sample): number {
  const { psi, bins } = psiBetween(left, right);
  return Math.max(0, psi - expectedPsi(bins, left.n, right.n));
}
