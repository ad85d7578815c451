import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { create, fromBinary } from '@bufbuild/protobuf';
import { CommitmentSchema, PredictionPayloadSchema, RecordSchema } from '@plumbline/contract-audit';
import type { GatewayRecord, PredictionFacts, PredictionPayload } from '../domain/record.ts';
import { appendRequestOf, existingRecordOf } from './record.ts';

const PRODUCER = { producerId: 'gateway:test', epoch: 1n, sequence: 1n };

const payload: PredictionPayload = {
  epoch: 3n,
  bucket: 17,
  invariance: 'INVARIANT',
  invarianceRows: 8,
  batchSize: 2,
  inferRequest: Buffer.from('request'),
  inferResponse: Buffer.from('response'),
  features: undefined,
  featureService: '',
  featuresUs: 0,
  inferenceUs: 5,
  replica: 'inference-1',
};

const FACTS: PredictionFacts = {
  route: 'delay',
  model: 'delay',
  modelDigest: `sha256:${'a'.repeat(64)}`,
  variant: 'champion',
  asOfUs: 9n,
  score: 0.5,
  featureNames: ['hour', 'note'],
  featureValues: [7n, 'fog'],
};

const record: GatewayRecord = {
  kind: 'prediction',
  eventId: '0190a0b0-0000-7000-8000-000000000001',
  tenant: 'acme',
  caller: 'api-key:test',
  method: 'm',
  request: Buffer.from('request'),
  answer: Buffer.from('answer'),
  atUs: 9n,
  facts: FACTS,
  payload,
};

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('a record as audit takes it', () => {
  it('commits to the very bytes of request, answer and payload', () => {
    const sent = appendRequestOf(record, PRODUCER);
    const commitment = fromBinary(CommitmentSchema, sent.commitment);
    expect(hex(commitment.requestSha256)).toBe(sha256(record.request));
    expect(hex(commitment.answerSha256)).toBe(sha256(record.answer));
    expect(hex(commitment.payloadSha256)).toBe(sha256(sent.payload));
    expect(fromBinary(PredictionPayloadSchema, sent.payload)).toMatchObject({ bucket: 17, epoch: 3n });
    expect(sent.facts?.featureNames).toEqual(['hour', 'note']);
  });

  it('leaves a payload out that audit would refuse, and is recognised by its request all the same', () => {
    const large = { ...payload, inferRequest: Buffer.alloc(1_048_577) };
    const sent = appendRequestOf({ ...record, payload: large }, PRODUCER);
    expect(sent.payload).toHaveLength(0);
    const stored = create(RecordSchema, { commitment: sent.commitment, payload: sent.payload });
    expect(existingRecordOf(stored)).toEqual({
      requestSha256: sha256(record.request),
      answer: undefined,
    });
  });

  it('leaves inputs out of what is monitored when they are too large, and keeps the score', () => {
    const facts = { ...FACTS, featureValues: [7n, 'x'.repeat(30_000)] };
    const sent = appendRequestOf({ ...record, facts }, PRODUCER);
    expect(sent.facts).toMatchObject({ score: 0.5, featureNames: [], featureValues: [] });
  });
});
