import {
  brierScore,
  calibrationBins,
  calibrationInTheLarge,
  logLoss,
  rocAuc,
  type CalibrationBin,
  type Estimate,
} from '@plumbline/statistics';
import { errors } from './errors.ts';
import type { OfflineMetric, Versions } from './monitored-version.ts';

export interface PerformanceQuery {
  readonly model: string;
  /** Undefined: every version. */
  readonly digest: string | undefined;
  /** Undefined: those that callers saw. */
  readonly variant: string | undefined;
  /** Prediction instants, from inclusive, to exclusive. */
  readonly fromUs: bigint;
  readonly toUs: bigint;
}

/** Scored and labelled predictions, in one order: `scores[i]` was given where `labels[i]` came true. */
export interface LabelledScores {
  /** Predictions, labelled or not. */
  readonly predictions: number;
  readonly scores: readonly number[];
  readonly labels: readonly number[];
  /** Median of known-at less prediction instant, µs; 0 without labels. */
  readonly medianDelayUs: bigint;
}

export interface PerformanceStore {
  count(tenant: string, query: PerformanceQuery): Promise<{ predictions: number; labelled: number }>;
  read(tenant: string, query: PerformanceQuery): Promise<LabelledScores>;
}

export interface NamedEstimate extends Estimate {
  readonly name: string;
}

export interface Performance {
  readonly predictions: number;
  readonly labelled: number;
  readonly positives: number;
  /** What can be estimated: ROC AUC needs both classes, the others two examples. */
  readonly live: readonly NamedEstimate[];
  readonly offline: readonly OfflineMetric[];
  readonly calibration: readonly CalibrationBin[];
  readonly medianDelayUs: bigint;
}

export const MAX_EXAMPLES = 2_000_000;

/** Quality of what was predicted, by the labels that have come. Throws RANGE_INVALID and RANGE_TOO_LARGE. */
export async function measurePerformance(
  store: PerformanceStore,
  versions: Versions,
  tenant: string,
  query: PerformanceQuery,
): Promise<Performance> {
  if (query.fromUs >= query.toUs) throw errors.RANGE_INVALID('the range holds no instant');
  const { labelled } = await store.count(tenant, query);
  if (labelled > MAX_EXAMPLES) {
    throw errors.RANGE_TOO_LARGE(`${labelled} labelled predictions are in the range`, {
      metadata: { labelled: String(labelled), limit: String(MAX_EXAMPLES) },
    });
  }
  const examples = await store.read(tenant, query);
  const offline =
    query.digest === undefined ? [] : (await versions.get(tenant, query.model, query.digest)).offline;
  return { ...qualityOf(examples), offline };
}

/** Pure part of {@link measurePerformance}. A label other than 0 is positive. */
export function qualityOf(examples: LabelledScores): Omit<Performance, 'offline'> {
  const { scores, predictions, medianDelayUs } = examples;
  const labels = examples.labels.map((label) => (label === 0 ? 0 : 1));
  const positives = labels.reduce<number>((sum, label) => sum + label, 0);
  const live: NamedEstimate[] = [];
  if (positives > 0 && positives < labels.length) live.push({ name: 'roc_auc', ...rocAuc(scores, labels) });
  if (labels.length > 1) {
    live.push(
      { name: 'brier', ...brierScore(scores, labels) },
      { name: 'log_loss', ...logLoss(scores, labels) },
      { name: 'calibration_in_the_large', ...calibrationInTheLarge(scores, labels) },
    );
  }
  const calibration = labels.length > 0 ? calibrationBins(scores, labels) : [];
  return { predictions, labelled: labels.length, positives, live, calibration, medianDelayUs };
}
