import { fromBinary } from '@bufbuild/protobuf';
import type { PredictionPayload, Record as AuditRecord } from '@plumbline/contract-audit';
import { FeatureVectorSchema, type FeatureVector } from '@plumbline/contract-features';
import { rawUnary } from '@plumbline/rpc';
import { parseInferResponse, rawOutputs } from '@plumbline/tensors';
import { verifyRecord } from './verify-record.ts';
import type { PredictionLog } from './prediction-log.ts';
import { Step, type StepReport } from './report.ts';
import { predictionRecords, recomputeServed, type RecordedPrediction } from './recompute-served.ts';
import type { TenantClients } from './clients.ts';
import type { Setting } from './setting.ts';

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
  const records = await predictionRecords(clients, RECOMPUTED);
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
      payload.batchSize > 0 &&
      vector.views.length > 0 &&
      vector.views.some(({ knownAtUs, version }) => knownAtUs > 0n && version > 0),
    `${payload.caller} → ${payload.route} (${payload.variant}), ${payload.featureNames.length} features`,
  );
  step.check(
    'replaying it gives the same answer bit for bit',
    await replaysExactly(setting, payload),
    `batch of ${payload.batchSize}`,
  );
  await checkRecomputation(clients, step, records);
  step.figure('scoreAnswered', log.scoreOf(picked.record.eventId));
  return step.report();
}

async function checkRecomputation(
  clients: TenantClients,
  step: Step,
  records: readonly RecordedPrediction[],
): Promise<void> {
  const { vectors, differing } = await recomputeServed(clients, records);
  step.figure('recomputedVectors', vectors);
  step.figure('differingValues', differing);
  step.check(
    `${RECOMPUTED} served feature vectors recomputed from history differ in 0 values`,
    vectors === RECOMPUTED && differing === 0,
    `${vectors} vectors, ${differing} differences`,
  );
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
