import { hash, randomUUID } from 'node:crypto';
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  AppendRequestSchema,
  CommitmentSchema,
  PredictionFactsSchema,
  RecordKind,
  type AppendRequest,
} from '@plumbline/contract-audit';
import { mintUuidV7, parseUuid } from '@plumbline/uuid';
import { tenantDigest } from '../src/domain/event-id.ts';

export const sha256 = (bytes: Uint8Array): Buffer => hash('sha256', bytes, 'buffer');

/** A version 7 UUID minted now, as gateways mint prediction ids. */
export const mintId = (nowMs = Date.now()): string => mintUuidV7(BigInt(nowMs) * 1_000n);

export interface RecordDraft {
  readonly tenant: string;
  readonly eventId?: string;
  readonly kind?: RecordKind;
  /** What was asked; its digest decides whether a repetition is the same request. */
  readonly request?: string;
  readonly payload?: Uint8Array;
  readonly model?: Uint8Array;
  readonly producer?: { producerId: string; epoch: bigint; sequence: bigint };
  readonly facts?: boolean;
  /** Fields of the commitment to be other than they should. */
  readonly commitment?: MessageInitShape<typeof CommitmentSchema>;
}

export const MODEL = sha256(Buffer.from('model'));

/** A request of Append as the gateway makes them. */
export function appendRequest(draft: RecordDraft): AppendRequest {
  const { tenant, eventId = mintId(), kind = RecordKind.PREDICTION, request = randomUUID() } = draft;
  const { payload = Buffer.from(`payload of ${eventId}`), model = MODEL, producer } = draft;
  const id = parseUuid(eventId)!;
  const answered = kind === RecordKind.PREDICTION || kind === RecordKind.SHADOW;
  const commitment = create(CommitmentSchema, {
    eventId: id,
    kind,
    tenantSha256: tenantDigest(tenant, id),
    requestSha256: sha256(Buffer.from(request)),
    payloadSha256: sha256(payload),
    answerSha256: sha256(Buffer.from(`answer to ${request}`)),
    modelSha256: answered ? model : new Uint8Array(0),
    atUs: BigInt(Date.now()) * 1_000n,
    ...draft.commitment,
  });
  return create(AppendRequestSchema, {
    commitment: toBinary(CommitmentSchema, commitment),
    payload,
    ...(producer ? { producer } : {}),
    ...((draft.facts ?? answered) ? { facts: factsOf(eventId) } : {}),
  });
}

function factsOf(predictionId: string) {
  return create(PredictionFactsSchema, {
    predictionId,
    route: 'late-flights',
    model: 'flight_delay',
    modelDigest: `sha256:${MODEL.toString('hex')}`,
    variant: 'champion',
    asOfUs: 983_404_800_000_000n,
    score: 0.25,
    featureNames: ['airport_outcomes:late_share_24h', 'departure:hour'],
    featureValues: [
      { kind: { case: 'doubleValue', value: 0.5 } },
      { kind: { case: 'int64Value', value: 17n } },
    ],
  });
}
