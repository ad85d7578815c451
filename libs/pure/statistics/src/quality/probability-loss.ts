import { normalEstimate, type Estimate, type EstimateOptions } from './estimate.ts';

/** Probabilities are kept this far from 0 and 1 in logarithms, as scikit-learn does for doubles. */
const EPSILON = 2 ** -52;

/** Mean squared difference of probability and outcome, in [0, 1] (Brier 1950); lower is better. */
export function brierScore(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: EstimateOptions = {},
): Estimate {
  const loss = (probability: number, label: number): number => (probability - label) ** 2;
  return meanLoss(loss, probabilities, labels, { ...options, bounds: [0, 1] });
}

/** Mean negative log likelihood in nats; lower is better. */
export function logLoss(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: EstimateOptions = {},
): Estimate {
  const loss = (probability: number, label: number): number => {
    const given = label === 1 ? probability : 1 - probability;
    return -Math.log(Math.min(1 - EPSILON, Math.max(EPSILON, given)));
  };
  return meanLoss(loss, probabilities, labels, { ...options, bounds: [0, Infinity] });
}

/**
 * Calibration-in-the-large: mean probability less the share of positives, in [-1, 1]. 0 for a calibrated model, above 0
 * for one that promises too much.
 */
export function calibrationInTheLarge(
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: EstimateOptions = {},
): Estimate {
  const excess = (probability: number, label: number): number => probability - label;
  return meanLoss(excess, probabilities, labels, { ...options, bounds: [-1, 1] });
}

function meanLoss(
  loss: (probability: number, label: number) => number,
  probabilities: ArrayLike<number>,
  labels: ArrayLike<number | boolean>,
  options: EstimateOptions & { readonly bounds: readonly [number, number] },
): Estimate {
  checkExamples(probabilities, labels);
  const n = labels.length;
  let mean = 0;
  let squares = 0;
  for (let row = 0; row < n; row += 1) {
    const value = loss(probabilities[row]!, Number(Boolean(labels[row])));
    const difference = value - mean;
    mean += difference / (row + 1);
    squares += difference * (value - mean);
  }
  return normalEstimate(mean, squares / (n - 1) / n, n, options);
}

function checkExamples(probabilities: ArrayLike<number>, labels: ArrayLike<number | boolean>): void {
  if (probabilities.length !== labels.length || labels.length === 0) {
    throw new RangeError(`${probabilities.length} probabilities for ${labels.length} labels`);
  }
  for (let row = 0; row < probabilities.length; row += 1) {
    const probability = probabilities[row]!;
    if (!(probability >= 0 && probability <= 1)) throw new RangeError(`probability ${row} is ${probability}`);
  }
}
