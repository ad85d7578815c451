import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { create, fromBinary } from '@bufbuild/protobuf';
import { RecordKind } from '@plumbline/contract-audit';
import { DecisionRecordedSchema, PredictionsRecordedSchema } from '@plumbline/contract-events';
import {
  connectEvents,
  consume,
  enqueue,
  eventOf,
  listDeadLetters,
  singly,
  startRelay,
  type EventBus,
  type Relay,
} from '@plumbline/events';
import { leafHash, openCheckpoint, parseVerifier, verifyInclusion } from '@plumbline/merkle';
import { openDatabase, type Database } from '@plumbline/sql';
import { eventually, silentLog } from '@plumbline/testing';
import { ORIGIN, startAudit, surroundings, type RunningAudit, type Surroundings } from './audit.fixture.ts';
import { MODEL, appendRequest, mintId } from './records.fixture.ts';

const TENANT = 'deciding';

let around: Surroundings;
let audit: RunningAudit;
let bus: EventBus;
let database: Database;
let relay: Relay;

const client = () => audit.clientOf(TENANT);

beforeAll(async () => {
  around = await surroundings();
  audit = await startAudit(around);
  bus = await connectEvents({ url: around.natsUrl, service: 'registry', log: silentLog });
  database = openDatabase({ url: around.database.url, schema: 'audit', log: silentLog });
  relay = startRelay({ database, bus, log: silentLog });
});
afterAll(async () => {
  await relay?.close();
  await bus?.close();
  await database?.close();
  await audit?.stop();
  await around?.database.close();
});

function decision(decisionId: string, outcome = 'PASSED') {
  return create(DecisionRecordedSchema, {
    decisionId,
    service: 'registry',
    action: 'gate_evaluated',
    subject: 'model/flight_delay',
    actor: 'service:registry',
    outcome,
    reasons: ['AUC difference 0.09, lower bound 0.08'],
    atUs: 983_404_800_000_000n,
  });
}

/** Publishes as the registry does; each call is an event of its own. */
async function tell(message: ReturnType<typeof decision>, subject = 'plumbline.registry.decision-recorded') {
  const event = eventOf(DecisionRecordedSchema, message, {
    subject,
    tenant: TENANT,
    nowUs: 983_404_800_000_000n,
  });
  await database.transaction((tx) => enqueue(tx, [event]));
}

describe('a decision that a service tells of', () => {
  it('becomes a provable leaf with the decision as its payload', async () => {
    const decisionId = randomUUID();
    await tell(decision(decisionId));
    const { record } = await eventually(() => client().getRecord({ eventId: decisionId }));
    expect(record?.kind).toBe(RecordKind.DECISION);
    const told = fromBinary(DecisionRecordedSchema, record!.payload);
    expect(told).toMatchObject({ decisionId, action: 'gate_evaluated', outcome: 'PASSED' });
    const proof = await client().getInclusionProof({ eventId: decisionId });
    const { verifierKey } = await client().getCheckpoint({});
    const { size, root } = openCheckpoint(proof.checkpoint, ORIGIN, [parseVerifier(verifierKey)]);
    verifyInclusion({
      leaf: leafHash(proof.commitment),
      index: proof.leafIndex,
      size,
      root,
      proof: proof.hashes,
    });
  });

  it('becomes one leaf, however often it is told', async () => {
    const decisionId = randomUUID();
    const last = randomUUID();
    for (let time = 0; time < 3; time++) await tell(decision(decisionId));
    await tell(decision(last));
    await eventually(() => client().getRecord({ eventId: last }));
    const { records } = await client().listRecords({ kind: RecordKind.DECISION, pageSize: 1_000 });
    expect(records.filter(({ eventId }) => eventId === decisionId)).toHaveLength(1);
  });

  it.each(['monitor', 'features'])('may come from %s', async (service) => {
    const decisionId = randomUUID();
    await tell(decision(decisionId), `plumbline.${service}.decision-recorded`);
    const { record } = await eventually(() => client().getRecord({ eventId: decisionId }));
    expect(record?.eventId).toBe(decisionId);
  });

  it('is kept as a dead letter when its id is no UUID, or was another decision’s', async () => {
    const decisionId = randomUUID();
    await tell(decision('the first'));
    await tell(decision(decisionId, 'PASSED'));
    await tell(decision(decisionId, 'REFUSED'));
    const reasons = await eventually(async () => {
      const letters = await listDeadLetters(database, { durables: ['audit-decisions-registry'] });
      return letters.length === 2 && letters.map(({ reason }) => reason).toSorted();
    });
    expect(reasons).toEqual(['EVENT_ID_REUSED', 'INVALID_DECISION']);

    const operator = audit.deadLettersOf(TENANT);
    const consumer = 'audit-decisions-registry';
    const { letters } = await operator.listDeadLetters({ consumer });
    expect(letters.map(({ reason }) => reason).toSorted()).toEqual(reasons);
    expect(letters.every(({ tenant, consumer: own }) => tenant === TENANT && own === consumer)).toBe(true);
    const eventIds = letters.map(({ eventId }) => eventId);
    expect(await operator.replayDeadLetters({ consumer, eventIds })).toMatchObject({
      replayed: 0,
      failed: 2,
    });
    expect((await audit.deadLettersOf('others').listDeadLetters({})).letters).toEqual([]);
    const elsewhere = audit.deadLettersOf('others').replayDeadLetters({ consumer, eventIds });
    expect(await elsewhere).toMatchObject({ replayed: 0, failed: 0 });
    await expect(operator.listDeadLetters({ consumer: 'nobody' })).rejects.toMatchObject({
      reason: 'CONSUMER_UNKNOWN',
    });
    await expect(operator.replayDeadLetters({ consumer, eventIds: ['x'] })).rejects.toMatchObject({
      reason: 'EVENT_ID_INVALID',
    });
  });
});

describe('recorded predictions', () => {
  it('are told to the monitor with their facts, those of one tenant per event', async () => {
    const told = new Map<string, { tenant: string; kind: RecordKind; score: number; digest: string }>();
    const consumer = await consume({
      bus,
      database,
      log: silentLog,
      durable: 'test-predictions',
      subject: 'plumbline.audit.predictions-recorded',
      schema: PredictionsRecordedSchema,
      handle: singly((_tx, message, { tenant }) => {
        for (const { kind, facts } of message.predictions) {
          told.set(facts!.predictionId, { tenant, kind, score: facts!.score, digest: facts!.modelDigest });
        }
      }),
    });
    const sent = ['left', 'right'].flatMap((tenant) =>
      [RecordKind.PREDICTION, RecordKind.SHADOW, RecordKind.REFUSAL].map((kind) => ({
        tenant,
        kind,
        eventId: mintId(),
      })),
    );
    await Promise.all(sent.map((draft) => audit.clientOf(draft.tenant).append(appendRequest(draft))));
    await eventually(() => told.size === 4);
    for (const { tenant, kind, eventId } of sent.filter(({ kind }) => kind !== RecordKind.REFUSAL)) {
      const digest = `sha256:${MODEL.toString('hex')}`;
      expect(told.get(eventId)).toEqual({ tenant, kind, score: 0.25, digest });
    }
    await consumer.close();
  });
});
