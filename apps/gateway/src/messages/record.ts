import { createHash } from 'node:crypto';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AppendRequestSchema,
  CommitmentSchema,
  PredictionFactsSchema,
  PredictionPayloadSchema,
  RecordKind,
  type AppendRequest,
  type PredictionFacts as FactsMessage,
  type Record as RecordMessage,
} from '@plumbline/contract-audit';
import { parseUuid } from '@plumbline/uuid';
import type { ExistingRecord, GatewayRecord, PredictionFacts, PredictionPayload } from '../domain/record.ts';
import { valueOf } from './scalars.ts';

const KINDS = {
  prediction: RecordKind.PREDICTION,
  refusal: RecordKind.REFUSAL,
  shadow: RecordKind.SHADOW,
} as const;

/** What audit takes of one record. A record is never lost for its size: what does not fit stays out of it. */
const MAX_PAYLOAD_BYTES = 1_048_576;
const MAX_FACTS_BYTES = 65_536;

/** The numbers that make a lost record show as a gap. */
export interface ProducerStamp {
  readonly producerId: string;
  readonly epoch: bigint;
  readonly sequence: bigint;
}

/** A record as audit takes it. The commitment's bytes are the leaf: they are hashed exactly as encoded here. */
export function appendRequestOf(record: GatewayRecord, producer: ProducerStamp): AppendRequest {
  const payload = payloadBytes(record);
  return create(AppendRequestSchema, {
    commitment: commitmentBytes(record, payload),
    payload,
    producer,
    ...(record.facts === undefined ? {} : { facts: factsMessage(record.eventId, record.facts) }),
  });
}

/** What audit had under the same id. */
export function existingRecordOf(record: RecordMessage): ExistingRecord {
  const commitment = fromBinary(CommitmentSchema, record.commitment);
  const answer =
    record.payload.length === 0 ? undefined : fromBinary(PredictionPayloadSchema, record.payload).answer;
  return { requestSha256: Buffer.from(commitment.requestSha256).toString('hex'), answer };
}

const NOTHING = new Uint8Array(0);

function commitmentBytes(record: GatewayRecord, payload: Uint8Array): Uint8Array {
  const eventId = parseUuid(record.eventId);
  if (eventId === undefined) throw new RangeError(`the record's id ${record.eventId} is no UUID`);
  return toBinary(
    CommitmentSchema,
    create(CommitmentSchema, {
      eventId,
      kind: KINDS[record.kind],
      tenantSha256: sha256(record.tenant, '\0', eventId),
      requestSha256: sha256(record.request),
      payloadSha256: sha256(payload),
      answerSha256: sha256(record.answer),
      modelSha256: record.facts === undefined ? NOTHING : digestBytes(record.facts.modelDigest),
      atUs: record.atUs,
    }),
  );
}

function payloadBytes(record: GatewayRecord): Uint8Array {
  const { payload, facts } = record;
  if (record.kind === 'refusal') {
    const refusal = create(PredictionPayloadSchema, { caller: record.caller, method: record.method });
    return toBinary(PredictionPayloadSchema, { ...refusal, variant: record.refusal ?? '' });
  }
  if (payload === undefined || facts === undefined) return NOTHING;
  const bytes = toBinary(PredictionPayloadSchema, payloadMessage(record, payload, facts));
  return bytes.length > MAX_PAYLOAD_BYTES ? NOTHING : bytes;
}

function payloadMessage(record: GatewayRecord, payload: PredictionPayload, facts: PredictionFacts) {
  const { features } = payload;
  return create(PredictionPayloadSchema, {
    caller: record.caller,
    method: record.method,
    route: facts.route,
    epoch: payload.epoch,
    variant: facts.variant,
    bucket: payload.bucket,
    model: facts.model,
    modelDigest: facts.modelDigest,
    invariance: payload.invariance,
    invarianceRows: payload.invarianceRows,
    batchSize: payload.batchSize,
    inferRequest: payload.inferRequest,
    inferResponse: payload.inferResponse,
    featureService: payload.featureService,
    ...(features === undefined
      ? {}
      : { entityRow: features.entityRow, featureVector: features.vector, featureNames: [...features.names] }),
    answer: record.answer,
    featuresUs: BigInt(payload.featuresUs),
    inferenceUs: BigInt(payload.inferenceUs),
    replica: payload.replica,
    mirroredPredictionId: payload.mirroredPredictionId ?? '',
  });
}

function factsMessage(predictionId: string, facts: PredictionFacts): FactsMessage {
  const monitored = fits(facts);
  return create(PredictionFactsSchema, {
    predictionId,
    route: facts.route,
    model: facts.model,
    modelDigest: facts.modelDigest,
    variant: facts.variant,
    asOfUs: facts.asOfUs,
    score: facts.score,
    featureNames: monitored ? [...facts.featureNames] : [],
    featureValues: monitored ? facts.featureValues.map(valueOf) : [],
    ...(facts.championScore === undefined ? {} : { championScore: facts.championScore }),
    mirroredPredictionId: facts.mirroredPredictionId ?? '',
  });
}

/** Whether names and values certainly fit: UTF-8 takes at most three bytes per code unit, all else a few. */
function fits({ featureNames, featureValues }: PredictionFacts): boolean {
  const texts = [...featureNames, ...featureValues.filter((value) => typeof value === 'string')];
  const sizeBytes = texts.reduce((sum, text) => sum + 3 * text.length, 32 * featureValues.length);
  return sizeBytes < MAX_FACTS_BYTES - 4_096;
}

function sha256(...parts: readonly (string | Uint8Array)[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const digestBytes = (digest: string): Buffer => Buffer.from(digest.slice('sha256:'.length), 'hex');
