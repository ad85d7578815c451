import { normalEstimate, type Estimate, type EstimateOptions } from './estimate.ts';
import { midranks } from './midranks.ts';

/**
 * ROC AUC: the probability that a positive example scores higher than a negative one, ties counting one half.
 * The interval is DeLong's (DeLong, DeLong, Clarke-Pearson, Biometrics 1988). `labels` are 1 (or true) and 0.
 * Throws a RangeError where a class is missing, lengths differ or a score is NaN.
 */
export function rocAuc(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: EstimateOptions = {},
): Estimate {
  const { auc, positives, negatives } = placements(scores, labels);
  const variance =
    sampleVariance(positives) / positives.length + sampleVariance(negatives) / negatives.length;
  return normalEstimate(auc, variance, labels.length, { ...options, bounds: [0, 1] });
}

/**
 * AUC of `first` minus AUC of `second` on the same examples, with DeLong's interval for paired curves: what the two
 * have in common cancels out.
 */
export function rocAucDifference(
  first: ArrayLike<number>,
  second: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: EstimateOptions = {},
): Estimate {
  const a = placements(first, labels);
  const b = placements(second, labels);
  const positives = a.positives.map((placement, i) => placement - b.positives[i]!);
  const negatives = a.negatives.map((placement, i) => placement - b.negatives[i]!);
  const variance =
    sampleVariance(positives) / positives.length + sampleVariance(negatives) / negatives.length;
  return normalEstimate(a.auc - b.auc, variance, labels.length, { ...options, bounds: [-1, 1] });
}

/** DeLong's structural components: for each example, the share of the other class that it is placed right against. */
interface Placements {
  readonly auc: number;
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
}

/** By ranks within all examples less ranks within the class (Sun & Xu, IEEE SPL 2014): O(n log n). */
function placements(scores: ArrayLike<number>, labels: ArrayLike<number | boolean>): Placements {
  const [positive, negative] = classes(scores, labels);
  const ranks = midranks(scores);
  const ranksOfPositives = midranks(gather(scores, positive));
  const ranksOfNegatives = midranks(gather(scores, negative));
  const positives = Float64Array.from(
    positive,
    (row, i) => (ranks[row]! - ranksOfPositives[i]!) / negative.length,
  );
  const negatives = Float64Array.from(
    negative,
    (row, i) => 1 - (ranks[row]! - ranksOfNegatives[i]!) / positive.length,
  );
  return { auc: mean(positives), positives, negatives };
}

function classes(
  scores: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
): readonly [Uint32Array, Uint32Array] {
  if (scores.length !== labels.length) {
    throw new RangeError(`${scores.length} scores for ${labels.length} labels`);
  }
  const rows = Uint32Array.from({ length: labels.length }, (_, row) => row);
  const positive = rows.filter((row) => Boolean(labels[row]));
  const negative = rows.filter((row) => !labels[row]);
  if (positive.length === 0 || negative.length === 0) {
    throw new RangeError('ROC AUC needs examples of both classes');
  }
  return [positive, negative];
}

function gather(values: ArrayLike<number>, rows: Uint32Array): Float64Array {
  return Float64Array.from(rows, (row) => values[row]!);
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Unbiased; NaN for a single value. */
function sampleVariance(values: Float64Array): number {
  const center = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - center) ** 2;
  return sum / (values.length - 1);
}
