import { STRIDE, type Histogram } from './histogram.ts';
import type { BoostingParameters } from './parameters.ts';

/** Sums of first and second derivatives over a set of rows. */
export interface Sums {
  readonly gradient: number;
  readonly hessian: number;
}

/** A leaf's best split: rows with bin <= `bin` of `feature` go left, missing ones where `missingLeft` says. */
export interface Split {
  readonly feature: number;
  readonly bin: number;
  readonly missingLeft: boolean;
  /** Reduction of the regularised loss, twice over. */
  readonly gain: number;
  readonly left: Sums;
  readonly right: Sums;
}

export type SplitRules = Pick<BoostingParameters, 'l2' | 'minLeafWeight'>;

/** Gains below this are rounding. */
const MIN_GAIN = 1e-7;
/** A bin with less weight than this is empty: what subtraction leaves behind. */
const EMPTY_WEIGHT = 1e-9;
const NOTHING: Sums = { gradient: 0, hessian: 0 };

/** The optimal value of a leaf with these sums (Newton step with L2 penalty), before shrinkage; 0 without rows. */
export function leafStep({ gradient, hessian }: Sums, l2: number): number {
  const curvature = hessian + l2;
  return curvature > 0 ? -gradient / curvature : 0;
}

/**
 * The split with the highest loss reduction, or undefined where none reduces it. Equal gains resolve to the lowest
 * feature, then the lowest bin, so the same data always grows the same tree. `offsets` are those of the binned matrix.
 */
export function bestSplit(
  histogram: Histogram,
  offsets: Uint32Array,
  total: Sums,
  rules: SplitRules,
): Split | undefined {
  let best: Split | undefined;
  for (let feature = 0; feature + 1 < offsets.length; feature += 1) {
    const first = offsets[feature]!;
    const missing = offsets[feature + 1]! - 1;
    const found = bestOfFeature({ histogram, feature, first, missing, total, rules });
    if (found && found.gain > (best?.gain ?? MIN_GAIN)) best = found;
  }
  return best;
}

interface FeatureScan {
  readonly histogram: Histogram;
  readonly feature: number;
  /** Its first bin, and the one of its missing values, numbered through all features. */
  readonly first: number;
  readonly missing: number;
  readonly total: Sums;
  readonly rules: SplitRules;
}

/** Without missing rows in the leaf, those of later data follow the heavier side. */
function bestOfFeature(leaf: FeatureScan): Split | undefined {
  const missing = sumsAt(leaf.histogram, leaf.missing);
  const missingRight = scan(leaf, NOTHING);
  if (missing.hessian < EMPTY_WEIGHT) {
    return (
      missingRight && { ...missingRight, missingLeft: missingRight.left.hessian > missingRight.right.hessian }
    );
  }
  const missingLeft = scan(leaf, missing);
  if (!missingLeft || (missingRight && missingRight.gain >= missingLeft.gain)) return missingRight;
  return { ...missingLeft, missingLeft: true };
}

function sumsAt(histogram: Histogram, bin: number): Sums {
  const slot = bin * STRIDE;
  return { gradient: histogram[slot]!, hessian: histogram[slot + 1]! };
}

/** Tries every edge of one feature with `initial` already on the left side. */
function scan(
  { histogram, feature, first, missing, total, rules }: FeatureScan,
  initial: Sums,
): Split | undefined {
  const { l2, minLeafWeight } = rules;
  const whole = (total.gradient * total.gradient) / (total.hessian + l2);
  let { gradient, hessian } = initial;
  let bestGain = MIN_GAIN;
  let bestBin = -1;
  let left = initial;
  for (let bin = first; bin < missing; bin += 1) {
    const slot = bin * STRIDE;
    gradient += histogram[slot]!;
    hessian += histogram[slot + 1]!;
    if (hessian < minLeafWeight) continue;
    const rightHessian = total.hessian - hessian;
    if (rightHessian < minLeafWeight) break;
    const rightGradient = total.gradient - gradient;
    const gain =
      (gradient * gradient) / (hessian + l2) + (rightGradient * rightGradient) / (rightHessian + l2) - whole;
    if (gain > bestGain) {
      bestGain = gain;
      bestBin = bin;
      left = { gradient, hessian };
    }
  }
  if (bestBin < 0) return undefined;
  const right = { gradient: total.gradient - left.gradient, hessian: total.hessian - left.hessian };
  return { feature, bin: bestBin - first, missingLeft: false, gain: bestGain, left, right };
}

/** Sums over all rows of a leaf: every feature's bins add up to them, so those of the first do. */
export function totalOf(histogram: Histogram, offsets: Uint32Array): Sums {
  let gradient = 0;
  let hessian = 0;
  for (let bin = 0; bin < offsets[1]!; bin += 1) {
    gradient += histogram[bin * STRIDE]!;
    hessian += histogram[bin * STRIDE + 1]!;
  }
  return { gradient, hessian };
}
