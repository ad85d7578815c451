import { fromBinary } from '@bufbuild/protobuf';
import {
  PredictionPayloadSchema,
  RecordKind,
  type PredictionPayload,
  type Record as AuditRecord,
} from '@plumbline/contract-audit';
import { EntityRowSchema, FeatureVectorSchema, type FeatureVector } from '@plumbline/contract-features';
import { rawUnary } from '@plumbline/rpc';
import { parseInferResponse, rawOutputs } from '@plumbline/tensors';
import { verifyRecord } from './verify-record.ts';
import type { PredictionLog } from './prediction-log.ts';
import { Step, type StepReport } from './report.ts';
import { FEATURE_SERVICE, type Setting } from './setting.ts';

const RECOMPUTED = 1_000;

/** Step 6: a prediction is proven, understood and repeated; a thousand served vectors are recomputed from history. */
export async function proveStep(
  setting: Setting,
  log: PredictionLog,
  verifierKey: string,
  championDigest: string,
): Promise<StepReport> {
  const { clients, screen } = setting;
  const step = new Step('prove', screen);
  screen.say('\n6  Prove: inclusion, record, replay, and features recomputed from history');
  const records = await predictionRecords(setting, RECOMPUTED);
  const picked = records.find(({ payload: { modelDigest } }) => modelDigest === championDigest);
  if (picked === undefined) throw new Error('audit lists no prediction of the champion by entity key');

  const proof = await clients.audit.getInclusionProof({ eventId: picked.record.eventId });
  const verdict = verifyRecord(picked.record, proof, verifierKey);
  step.figure('leafIndex', proof.leafIndex);
  step.check(
    'its inclusion proof verifies without trusting the service',
    verdict === undefined,
    verdict ?? `leaf ${proof.leafIndex} of ${proof.treeSize}`,
  );

  const { payload } = picked;
  const vector = fromBinary(FeatureVectorSchema, payload.featureVector);
  step.figure('record', describe(picked.record, payload, vector));
  step.check(
    'its record shows caller, route, features with versions and known-at, model digest and output',
    payload.caller !== '' &&
      payload.route !== '' &&
      payload.modelDigest !== '' &&
      payload.answer.length > 0 &&
      vector.views.length > 0 &&
      vector.views.some(({ knownAtUs, version }) => knownAtUs > 0n && version > 0),
    `${payload.caller} → ${payload.route} (${payload.variant}), ${payload.featureNames.length} features`,
  );
  step.check(
    'replaying it gives the same answer bit for bit',
    await replaysExactly(setting, payload),
    `batch of ${payload.batchSize}`,
  );
  await recompute(
    setting,
    step,
    records.map((record) => record.payload),
  );
  step.figure('scoreAnswered', log.scoreOf(picked.record.eventId));
  return step.report();
}

interface Picked {
  readonly record: AuditRecord;
  readonly payload: PredictionPayload;
}

/** Predictions by entity key, newest first. */
async function predictionRecords({ clients }: Setting, count: number): Promise<Picked[]> {
  const picked: Picked[] = [];
  let pageToken = '';
  do {
    const page = await clients.audit.listRecords({
      kind: RecordKind.PREDICTION,
      pageSize: 500,
      pageToken,
      includePayload: true,
    });
    for (const record of page.records) {
      const payload = fromBinary(PredictionPayloadSchema, record.payload);
      if (payload.featureVector.length > 0) picked.push({ record, payload });
    }
    pageToken = page.nextPageToken;
  } while (picked.length < count && pageToken !== '');
  return picked.slice(0, count);
}

async function replaysExactly({ clients }: Setting, payload: PredictionPayload): Promise<boolean> {
  const { response } = await rawUnary(
    clients.inferenceChannel,
    'inference.GRPCInferenceService/ModelInfer',
    payload.inferRequest,
    {
      metadata: { 'plumbline-model-digest': payload.modelDigest },
    },
  );
  const bytes = (message: Uint8Array) =>
    rawOutputs(parseInferResponse(message)).map(({ raw }) => Buffer.from(raw));
  const [again, recorded] = [bytes(response), bytes(payload.inferResponse)];
  return (
    again.length === recorded.length &&
    again.every((raw, index) => raw.equals(recorded[index] ?? Buffer.alloc(0)))
  );
}

async function recompute(
  { clients }: Setting,
  step: Step,
  payloads: readonly PredictionPayload[],
): Promise<void> {
  const served = payloads.map((payload) => fromBinary(FeatureVectorSchema, payload.featureVector));
  const { vectors } = await clients.features.recomputeFeatures(
    {
      featureService: FEATURE_SERVICE,
      vectors: payloads.map((payload, index) => ({
        entity: { ...fromBinary(EntityRowSchema, payload.entityRow), asOfUs: served[index]?.asOfUs ?? 0n },
        views: served[index]?.views ?? [],
      })),
    },
    { timeoutMs: 60_000 },
  );
  const differing = served.reduce((sum, vector, index) => sum + differences(vector, vectors[index]), 0);
  step.figure('recomputedVectors', vectors.length);
  step.figure('differingValues', differing);
  step.check(
    `${RECOMPUTED} served feature vectors recomputed from history differ in 0 values`,
    vectors.length === RECOMPUTED && differing === 0,
    `${vectors.length} vectors, ${differing} differences`,
  );
}

/** Values that are not the same, bit for bit, status included. */
function differences(served: FeatureVector, recomputed: FeatureVector | undefined): number {
  return served.values.filter((value, at) => {
    const other = recomputed?.values[at]?.kind;
    const same = value.kind.case === other?.case && Object.is(value.kind.value, other?.value);
    return !same || served.statuses[at] !== recomputed?.statuses[at];
  }).length;
}

function describe(
  record: AuditRecord,
  payload: PredictionPayload,
  vector: FeatureVector,
): Record<string, unknown> {
  return {
    predictionId: record.eventId,
    caller: payload.caller,
    route: payload.route,
    variant: payload.variant,
    epoch: payload.epoch,
    modelDigest: payload.modelDigest,
    invariance: payload.invariance,
    batchSize: payload.batchSize,
    features: Object.fromEntries(
      payload.featureNames.map((name, at) => [name, vector.values[at]?.kind.value ?? null]),
    ),
    views: vector.views.map(({ view, version, sequence, knownAtUs }) => ({
      view,
      version,
      sequence,
      knownAtUs,
    })),
  };
}
