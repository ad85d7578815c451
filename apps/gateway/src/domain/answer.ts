import { createHash } from 'node:crypto';
import { isMirrored } from '@plumbline/traffic';
import { errors } from './errors.ts';
import type { ServedFeatures } from './features.ts';
import type { ExistingRecord, GatewayRecord, PredictionFacts, PredictionPayload } from './record.ts';
import type { RouteDecision } from './routing.ts';

/** What a run of a model gave. */
export interface InferenceResult {
  /** Encoded ModelInferResponse. */
  readonly response: Buffer;
  readonly score: number;
  readonly batchSize: number;
  readonly invariance: string;
  /** Rows that every batch of the version is filled up to; 0: as many as there are. */
  readonly invarianceRows: number;
  readonly replica: string;
}

/** Everything that answering needs from outside, bound to one call: its deadline, tenant and caller. */
export interface AnswerPorts {
  nowUs(): bigint;
  infer(digest: string, request: Uint8Array): Promise<InferenceResult>;
  /** Makes the record durable as its class demands, before it resolves. */
  record(record: GatewayRecord, auditClass: 'standard' | 'mandatory'): Promise<ExistingRecord | undefined>;
  /** Hands a request to the shadow version, off the critical path. Never throws, never waits. */
  mirror(request: MirrorRequest): void;
}

/** A request that is ready to run. */
export interface PreparedRequest {
  readonly decision: RouteDecision;
  readonly predictionId: string;
  readonly caller: string;
  readonly tenant: string;
  readonly method: string;
  /** The request as it came. */
  readonly request: Uint8Array;
  readonly inferRequest: Uint8Array;
  readonly features: ServedFeatures | undefined;
  readonly featuresUs: number;
  readonly asOfUs: bigint;
  readonly factNames: readonly string[];
  readonly factValues: PredictionFacts['featureValues'];
  /** Encodes the answer that leaves. */
  toAnswer(result: InferenceResult): Buffer;
}

export interface MirrorRequest {
  readonly prepared: PreparedRequest;
  readonly digest: string;
  readonly championScore: number;
}

/**
 * Runs a prepared request, records it and answers: infer → record → mirror → answer. Nothing leaves before the record
 * is as durable as the route demands. An id that was recorded before gets its recorded answer, or is refused when the
 * request differs.
 */
export async function answer(ports: AnswerPorts, prepared: PreparedRequest): Promise<Buffer> {
  const { plan, variant, bucket } = prepared.decision;
  const startedUs = ports.nowUs();
  const result = await ports.infer(variant.digest, prepared.inferRequest);
  const inferenceUs = Number(ports.nowUs() - startedUs);
  const reply = prepared.toAnswer(result);
  const existing = await ports.record(
    recordOf(prepared, result, reply, inferenceUs, ports.nowUs()),
    plan.auditClass,
  );
  if (existing !== undefined) return recordedAnswer(existing, prepared, reply);
  if (plan.shadow !== undefined && isMirrored(bucket, plan.shadow.shareBp)) {
    ports.mirror({ prepared, digest: plan.shadow.digest, championScore: result.score });
  }
  return reply;
}

function recordOf(
  prepared: PreparedRequest,
  result: InferenceResult,
  reply: Buffer,
  inferenceUs: number,
  atUs: bigint,
): GatewayRecord {
  const { decision, predictionId, tenant, caller, method, request } = prepared;
  return {
    kind: 'prediction',
    eventId: predictionId,
    tenant,
    caller,
    method,
    request,
    answer: reply,
    atUs,
    facts: factsOf(prepared, decision.variant.name, decision.variant.digest, result.score),
    payload: keepsPayload(decision) ? payloadOf(prepared, result, inferenceUs) : undefined,
  };
}

export function factsOf(
  prepared: PreparedRequest,
  variant: string,
  modelDigest: string,
  score: number,
): PredictionFacts {
  const { plan } = prepared.decision;
  return {
    route: plan.name,
    model: plan.model,
    modelDigest,
    variant,
    asOfUs: prepared.asOfUs,
    score,
    featureNames: prepared.factNames,
    featureValues: prepared.factValues,
  };
}

export function payloadOf(
  prepared: PreparedRequest,
  result: InferenceResult,
  inferenceUs: number,
): PredictionPayload {
  const { decision, features } = prepared;
  return {
    epoch: decision.epoch,
    bucket: decision.bucket,
    invariance: result.invariance,
    invarianceRows: result.invarianceRows,
    batchSize: result.batchSize,
    inferRequest: prepared.inferRequest,
    inferResponse: result.response,
    features,
    featureService:
      features === undefined ? '' : `${decision.plan.featureService}@${features.serviceVersion}`,
    featuresUs: prepared.featuresUs,
    inferenceUs,
    replica: result.replica,
  };
}

/** Whether the route's policy keeps the payload of this key. */
export function keepsPayload({ plan, bucket }: RouteDecision): boolean {
  if (plan.payloadPolicy === 'sampled') return bucket < plan.payloadSampleBp;
  return plan.payloadPolicy === 'full';
}

function recordedAnswer(existing: ExistingRecord, prepared: PreparedRequest, reply: Buffer): Buffer {
  const digest = createHash('sha256').update(prepared.request).digest('hex');
  if (existing.requestSha256 !== digest) {
    throw errors.PREDICTION_ID_REUSED(`prediction id ${prepared.predictionId} was used for another request`, {
      metadata: { predictionId: prepared.predictionId },
    });
  }
  return existing.answer === undefined ? reply : Buffer.from(existing.answer);
}
