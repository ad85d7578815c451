import { expectedPsi, psiOfShares, smooth, type SmoothedShares } from './psi.ts';

/** A run of consecutive steps of the reference, as one sample. */
export interface Stretch {
  /** Index of its first step. */
  readonly firstStep: number;
  readonly shares: SmoothedShares;
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
    const full = step >= length - 1;
    const shares = smooth(counts);
    if (full && shares.n >= MINIMUM_STRETCH_VALUES) stretches.push({ firstStep: step - length + 1, shares });
  });
  return stretches;
}

export interface Nearest {
  readonly stretch: Stretch;
  readonly psi: number;
}

/** The stretch with the smallest PSI to `window`, the earliest among equals; undefined when there is none. */
export function nearestStretch(stretches: readonly Stretch[], window: SmoothedShares): Nearest | undefined {
  let nearest: Nearest | undefined;
  for (const stretch of stretches) {
    const psi = psiOfShares(stretch.shares, window);
    if (nearest === undefined || psi < nearest.psi) nearest = { stretch, psi };
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
      const excess = excessPsi(left.shares, right.shares);
      if (excess < (nearest[i] ?? 0)) nearest[i] = excess;
      if (excess < (nearest[j] ?? 0)) nearest[j] = excess;
    }
  });
  return [...nearest.filter(Number.isFinite).sort()];
}

function excessPsi(left: SmoothedShares, right: SmoothedShares): number {
  return Math.max(0, psiOfShares(left, right) - expectedPsi(left.shares.length, left.n, right.n));
}
