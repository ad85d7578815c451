import {
  brierScore,
  calibrationInTheLarge,
  logLoss,
  rocAuc,
  rocAucDifference,
  type Estimate,
} from '@plumbline/statistics';

/** A measured quantity with its 95 % interval. */
export interface Metric extends Estimate {
  readonly name: string;
}

export const ROC_AUC = 'roc_auc';

/** How a model did on rows it was not fitted on. `scores` are probabilities, `labels` 0 or 1. */
export function measure(scores: ArrayLike<number>, labels: Uint8Array): Metric[] {
  return [
    { name: ROC_AUC, ...rocAuc(scores, labels) },
    { name: 'brier', ...brierScore(scores, labels) },
    { name: 'log_loss', ...logLoss(scores, labels) },
    { name: 'calibration_in_the_large', ...calibrationInTheLarge(scores, labels) },
  ];
}

/** ROC AUC of `first` minus that of `second`, paired on the same rows. */
export function compare(first: ArrayLike<number>, second: ArrayLike<number>, labels: Uint8Array): Metric {
  return { name: ROC_AUC, ...rocAucDifference(first, second, labels) };
}

/** The same difference seen from the other side. */
export function reversed(difference: Metric): Metric {
  return { ...difference, value: -difference.value, lower: -difference.upper, upper: -difference.lower };
}

/**
 * A feature's values as a score: missing ones take the mean of the rest, so that they rank in the middle. Higher
 * values must mean a likelier label.
 */
export function featureAsScore(values: Float32Array): Float64Array {
  let sum = 0;
  let present = 0;
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    sum += value;
    present += 1;
  }
  const mean = present === 0 ? 0 : sum / present;
  return Float64Array.from(values, (value) => (Number.isNaN(value) ? mean : value));
}
