import { RecordKind, type PredictionFacts as FactsMessage } from '@plumbline/contract-audit';
import type { Value } from '@plumbline/contract-common';
import type { PredictionsRecordedSchema, RecordedPrediction } from '@plumbline/contract-events';
import type { ReceivedEvent } from '@plumbline/events';
import { checkFacts } from '../domain/check-facts.ts';
import { errors } from '../domain/errors.ts';
import type { MonitoredVersion, Versions } from '../domain/monitored-version.ts';
import type { PredictionFacts } from '../domain/prediction-facts.ts';
import { takePredictions, type PredictionIntake } from '../domain/take-predictions.ts';

/**
 * plumbline.audit.predictions-recorded: predictions committed together, of one tenant. Those of many events are taken
 * in at once: they mostly add to the same histograms, which then are rewritten once. EVENT_FACTS_MISSING and
 * EVENT_FACTS_INVALID where one of them never was a prediction.
 */
export async function onPredictionsRecorded(
  intake: PredictionIntake,
  versions: Versions,
  events: readonly ReceivedEvent<typeof PredictionsRecordedSchema>[],
): Promise<void> {
  const byTenant = Map.groupBy(events, ({ envelope }) => envelope.tenant);
  for (const [tenant, ofTenant] of [...byTenant].sort(byKey)) {
    const facts = ofTenant.flatMap(({ message }) => message.predictions.map(factsOf));
    await takePredictions(intake, tenant, facts, await versionsOf(versions, tenant, facts));
  }
}

/** Everyone takes tenants, whose rows it locks, in one order. */
function byKey([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

async function versionsOf(
  versions: Versions,
  tenant: string,
  predictions: readonly PredictionFacts[],
): Promise<Map<string, MonitoredVersion>> {
  const models = new Map(predictions.map(({ digest, model }) => [digest, model]));
  const loaded = [...models].map(([digest, model]) => versions.get(tenant, model, digest));
  return new Map((await Promise.all(loaded)).map((version) => [version.digest, version]));
}

function factsOf({ kind, facts, committedAtUs }: RecordedPrediction): PredictionFacts {
  const shadow = kind === RecordKind.SHADOW;
  if (facts === undefined || (!shadow && kind !== RecordKind.PREDICTION)) {
    throw errors.EVENT_FACTS_MISSING('a recorded prediction has no facts or is of another kind');
  }
  const taken: PredictionFacts = {
    predictionId: facts.predictionId.toLowerCase(),
    model: facts.model,
    digest: facts.modelDigest,
    route: facts.route,
    variant: facts.variant,
    shadow,
    asOfUs: facts.asOfUs,
    committedAtUs,
    score: facts.score,
    championScore: facts.championScore,
    labelId: (facts.mirroredPredictionId || facts.predictionId).toLowerCase(),
    features: featuresOf(facts),
  };
  checkFacts(taken);
  return taken;
}

function featuresOf({ featureNames, featureValues }: FactsMessage): Map<string, number | null> {
  const features = new Map<string, number | null>();
  featureNames.forEach((name, i) => {
    const value = numberOf(featureValues[i]);
    if (value !== undefined) features.set(name, value);
  });
  return features;
}

/** Null for NULL, undefined for text: it has no place in a histogram of numbers. */
function numberOf(value: Value | undefined): number | null | undefined {
  const kind = value?.kind;
  if (kind?.case === undefined) return null;
  return kind.case === 'stringValue' ? undefined : Number(kind.value);
}
