import { columnValues, countColumns, type HistogramIncrement } from './count-columns.ts';
import { advanceEventTime, type EventTime } from './event-time.ts';
import type { MonitoredVersion } from './monitored-version.ts';
import type { PredictionFacts } from './prediction-facts.ts';

export interface StoredPrediction extends PredictionFacts {
  /** Values of the baseline's columns, in its order. */
  readonly columns: readonly (number | null)[];
}

/** What a model's predictions add to its progress. */
export interface ModelAdvance {
  readonly model: string;
  readonly predictions: number;
  readonly shadows: number;
  readonly eventTime: EventTime;
}

export interface VersionSpan {
  readonly model: string;
  readonly digest: string;
  readonly firstUs: bigint;
  readonly lastUs: bigint;
}

/** Where predictions go; all calls on one intake are one transaction. */
export interface PredictionIntake {
  /** Stores those whose ids are new to the tenant, and yields these ids. */
  insert(tenant: string, predictions: readonly StoredPrediction[]): Promise<ReadonlySet<string>>;
  addHistograms(tenant: string, increments: readonly HistogramIncrement[]): Promise<void>;
  /** The model's event time, locked until the transaction ends; undefined for a new model. */
  lockEventTime(tenant: string, model: string): Promise<EventTime | undefined>;
  advance(tenant: string, advances: readonly ModelAdvance[], spans: readonly VersionSpan[]): Promise<void>;
}

/**
 * Takes in recorded predictions, in the order of their commit. A prediction id counts once however often it is
 * recorded; what is counted does not depend on how predictions are batched or reordered.
 */
export async function takePredictions(
  intake: PredictionIntake,
  tenant: string,
  predictions: readonly PredictionFacts[],
  versions: ReadonlyMap<string, MonitoredVersion>,
): Promise<void> {
  const rows = predictions.map((facts) => ({
    ...facts,
    columns: columnValues(facts, versions.get(facts.digest)?.columns ?? []),
  }));
  const fresh = await intake.insert(tenant, rows);
  const taken = firstOfEach(predictions).filter((facts) => fresh.has(facts.predictionId));
  if (taken.length === 0) return;
  await intake.addHistograms(tenant, countColumns(taken, versions));
  const advances: ModelAdvance[] = [];
  for (const [model, ofModel] of [...Map.groupBy(taken, (facts) => facts.model)].sort(byKey)) {
    const before = await intake.lockEventTime(tenant, model);
    advances.push(advanceOf(model, before, ofModel));
  }
  await intake.advance(tenant, advances, spansOf(taken));
}

function firstOfEach(predictions: readonly PredictionFacts[]): PredictionFacts[] {
  const byId = new Map<string, PredictionFacts>();
  for (const facts of predictions) if (!byId.has(facts.predictionId)) byId.set(facts.predictionId, facts);
  return [...byId.values()];
}

function advanceOf(
  model: string,
  before: EventTime | undefined,
  predictions: readonly PredictionFacts[],
): ModelAdvance {
  const shadows = predictions.filter((facts) => facts.shadow).length;
  const instants = predictions.map((facts) => facts.asOfUs);
  const eventTime = advanceEventTime(before, instants);
  if (eventTime === undefined) throw new RangeError('a model advances by at least one prediction');
  return { model, predictions: predictions.length - shadows, shadows, eventTime };
}

function spansOf(predictions: readonly PredictionFacts[]): VersionSpan[] {
  const spans = new Map<string, VersionSpan>();
  for (const { model, digest, asOfUs } of predictions) {
    const key = `${model}\0${digest}`;
    const { firstUs, lastUs } = spans.get(key) ?? { firstUs: asOfUs, lastUs: asOfUs };
    spans.set(key, {
      model,
      digest,
      firstUs: asOfUs < firstUs ? asOfUs : firstUs,
      lastUs: asOfUs > lastUs ? asOfUs : lastUs,
    });
  }
  return [...spans].sort(byKey).map(([, span]) => span);
}

function byKey([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}
