import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { EnvelopeSchema } from '@plumbline/contract-events/plumbline/events/v1/envelope_pb.js';
import { Code, ServiceError } from '@plumbline/errors';
import { Registry } from 'prom-client';
import { openDatabase, type Database } from '@plumbline/sql';
import { eventually, silentLog, testDatabase, testEvents, type TestDatabase } from '@plumbline/testing';
import { encodeEnvelope } from '../src/event.ts';
import {
  connectEvents,
  enqueue,
  listDeadLetters,
  replayDeadLetters,
  singly,
  startReconciler,
  startRelay,
  type Consumer,
  type EventBus,
  type OutgoingEvent,
} from '../src/index.ts';
import { consumeThings, createTables, event, labels, record, SUBJECT, type ThingOptions } from './harness.ts';

let server: TestDatabase;
let database: Database;
let bus: EventBus;
let closing: { close(): Promise<void> }[];

beforeEach(async () => {
  server = await testDatabase('events');
  database = openDatabase({ url: server.url, schema: server.schema, log: silentLog });
  await createTables(database);
  bus = await connectEvents({ url: await testEvents(), service: 'test', log: silentLog });
  closing = [];
});
afterEach(async () => {
  for (const one of closing.reverse()) await one.close();
  await bus.close();
  await database.close();
  await server.close();
});

const publishInTransaction = (...events: OutgoingEvent[]) =>
  database.transaction((tx) => enqueue(tx, events));
const applied = () => labels(database);

async function startConsumer(options: Partial<ThingOptions> = {}): Promise<Consumer> {
  const consumer = await consumeThings({ database, bus, ...options });
  closing.push(consumer);
  return consumer;
}
function startTestRelay() {
  const relay = startRelay({ database, bus, log: silentLog });
  closing.push(relay);
  return relay;
}

describe('outbox and relay', () => {
  it('deliver what was committed, in order, with its envelope, and nothing that was rolled back', async () => {
    const envelopes: unknown[] = [];
    await startConsumer({
      handle: singly(async (tx, message, envelope) => {
        envelopes.push(envelope);
        await record(tx, message.type, envelope.id);
      }),
    });
    startTestRelay();
    await expect(
      database.transaction(async (tx) => {
        await enqueue(tx, [event('ghost')]);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    const first = event('1');
    await publishInTransaction(first, event('2'), event('3'));
    await publishInTransaction(event('4'));
    await eventually(async () => (await applied()).length === 4);
    expect(await applied()).toEqual(['1', '2', '3', '4']);
    expect(envelopes[0]).toEqual({
      id: first.id,
      type: 'plumbline.events.v1.Envelope',
      tenant: 'acme',
      occurredAtUs: 981_173_106_123_456n,
      payload: expect.anything(),
      traceparent: '',
    });
  });

  it('flush resolves when nothing waits any more', async () => {
    const relay = startTestRelay();
    await publishInTransaction(...Array.from({ length: 500 }, (_, index) => event(String(index))));
    await relay.flush();
    expect(await relay.pending()).toBe(0);
    expect((await bus.streamState()).lastSequence).toBe(500n);
  });

  it('share the work between replicas without publishing twice', async () => {
    startTestRelay();
    startTestRelay();
    const relay = startTestRelay();
    await Promise.all(Array.from({ length: 50 }, (_, index) => publishInTransaction(event(String(index)))));
    await relay.flush();
    expect((await bus.streamState()).lastSequence).toBe(50n);
  });

  it('refuse an event that the stream could not carry', async () => {
    const oversized = { ...event('big'), payload: new Uint8Array(1_000_000) };
    await expect(publishInTransaction(oversized)).rejects.toMatchObject({ reason: 'EVENT_TOO_LARGE' });
  });
});

describe('consumers', () => {
  it('apply an event once however often it is published', async () => {
    await startConsumer();
    const relay = startTestRelay();
    const repeated = event('once');
    await publishInTransaction(repeated, event('marker 1'));
    await relay.flush();
    await bus.publish(SUBJECT, randomUUID(), encodeEnvelope(repeated));
    await bus.publish(SUBJECT, randomUUID(), encodeEnvelope(repeated));
    await publishInTransaction(event('marker 2'));
    await eventually(async () => (await applied()).includes('marker 2'));
    expect((await applied()).sort()).toEqual(['marker 1', 'marker 2', 'once']);
  });

  it('share a durable name and then split the events between them', async () => {
    await startConsumer();
    await startConsumer();
    startTestRelay();
    const wanted = Array.from({ length: 300 }, (_, index) => String(index));
    await publishInTransaction(...wanted.map((label) => event(label)));
    await eventually(async () => (await applied()).length >= 300);
    expect((await applied()).sort()).toEqual(wanted.sort());
  });

  it('keep an event with a permanent failure as a dead letter, pass on the rest, and replay it once mended', async () => {
    let broken = true;
    const handle = singly<typeof EnvelopeSchema>(async (tx, message, envelope) => {
      if (broken && message.type === 'bad')
        throw new ServiceError(Code.INVALID_ARGUMENT, 'FEATURE_UNKNOWN', 'no such');
      await record(tx, message.type, envelope.id);
    });
    await startConsumer({ handle });
    startTestRelay();
    const bad = event('bad');
    await publishInTransaction(event('good 1'), bad, event('good 2'));
    const [letter] = await eventually(async () => {
      const letters = await listDeadLetters(database, { tenant: 'acme' });
      return letters.length > 0 && letters;
    });
    expect(letter).toMatchObject({
      eventId: bad.id,
      durable: 'test-things',
      subject: SUBJECT,
      reason: 'FEATURE_UNKNOWN',
    });
    await eventually(async () => (await applied()).length === 2);

    const replay = () =>
      replayDeadLetters({ database, log: silentLog, durable: 'test-things', schema: EnvelopeSchema, handle });
    expect(await replay()).toEqual({ replayed: 0, failed: 1 });
    broken = false;
    expect(await replay()).toEqual({ replayed: 1, failed: 0 });
    expect(await replay()).toEqual({ replayed: 0, failed: 0 });
    expect(await applied()).toEqual(['good 1', 'good 2', 'bad']);
    expect(await listDeadLetters(database)).toEqual([]);
  });

  it('keep an event whose deliveries are exhausted', async () => {
    let attempts = 0;
    await startConsumer({
      maxDeliver: 3,
      handle: async () => {
        attempts++;
        throw new TypeError('a defect');
      },
    });
    startTestRelay();
    await publishInTransaction(event('x'));
    const [letter] = await eventually(async () => {
      const letters = await listDeadLetters(database);
      return letters.length > 0 && letters;
    });
    expect(letter).toMatchObject({ reason: 'DELIVERIES_EXHAUSTED', message: 'a defect', deliveries: 3 });
    expect(attempts).toBe(3);
  });

  it('keep what is no event, or one of another type', async () => {
    await startConsumer();
    startTestRelay();
    await eventually(() => bus.publish(SUBJECT, randomUUID(), Buffer.from('garbage')));
    await publishInTransaction({ ...event('odd'), type: 'plumbline.other.v1.Thing' }, event('good'));
    await eventually(async () => (await listDeadLetters(database)).length === 2);
    const reasons = (await listDeadLetters(database)).map(({ reason }) => reason);
    expect(reasons.sort()).toEqual(['EVENT_MALFORMED', 'EVENT_TYPE_UNEXPECTED']);
    await eventually(async () => (await applied()).includes('good'));
  });

  it.each([
    ['type', { type: 'a\0b' }, { type: 'a\uFFFDb', reason: 'EVENT_TYPE_UNEXPECTED' }],
    ['tenant', { tenant: 'acme\0' }, { tenant: 'acme\uFFFD', reason: 'TEXT_NOT_STORABLE' }],
    ['failure', {}, { reason: 'ODD\uFFFD', message: `no \uFFFD${'x'.repeat(4_091)}\uFFFD` }],
    ['endless tenant', { tenant: 't'.repeat(9_000) }, { tenant: 't'.repeat(255), reason: 'ODD\uFFFD' }],
  ])('keep an event whose %s Postgres cannot hold, and go on', async (_part, fault, letter) => {
    const handle = singly<typeof EnvelopeSchema>(async (tx, message, envelope) => {
      if (message.type === 'bad')
        throw new ServiceError(Code.INVALID_ARGUMENT, 'ODD\0', `no \0${'x'.repeat(4_091)}\u{1F600}`);
      await record(tx, message.type, envelope.id);
    });
    await startConsumer({ handle });
    const bad = { ...event('bad'), ...fault };
    for (const one of [bad, event('good')]) {
      await eventually(() => bus.publish(SUBJECT, one.id, encodeEnvelope(one)));
    }
    await eventually(async () => (await applied()).includes('good'));
    expect(await listDeadLetters(database)).toMatchObject([{ eventId: bad.id, ...letter }]);
    const [row] = await database.query<{ envelope: Buffer }>('SELECT envelope FROM dead_letter');
    expect(row?.envelope.equals(encodeEnvelope(bad))).toBe(true);
  });

  it('wait for a dependency that is away without counting deliveries', async () => {
    let away = 3;
    await startConsumer({
      maxDeliver: 1,
      handle: singly(async (tx, message, envelope) => {
        if (away-- > 0) throw new ServiceError(Code.UNAVAILABLE, 'AUDIT_UNAVAILABLE', 'away');
        await record(tx, message.type, envelope.id);
      }),
    });
    startTestRelay();
    await publishInTransaction(event('patient'));
    await eventually(async () => (await applied()).includes('patient'));
    expect(await listDeadLetters(database)).toEqual([]);
  });
});

describe('metrics', () => {
  it('show what waits in the outbox and what became of deliveries', async () => {
    const metrics = new Registry();
    const handle = singly<typeof EnvelopeSchema>((_tx, message) => {
      if (message.type === 'bad') throw new ServiceError(Code.INVALID_ARGUMENT, 'FEATURE_UNKNOWN', 'no such');
    });
    await startConsumer({ handle, metrics });
    const relay = startRelay({ database, bus, log: silentLog, metrics });
    await publishInTransaction(event('good'), event('bad'), event('good'));
    await eventually(async () => {
      const text = await metrics.metrics();
      expect(text).toContain('plumbline_events_total{consumer="test-things",outcome="applied"} 2');
      expect(text).toContain('plumbline_events_total{consumer="test-things",outcome="buried"} 1');
      expect(text).toContain('plumbline_outbox_pending 0');
      return true;
    });
    await relay.close();
    await publishInTransaction(event('left'));
    expect(await metrics.metrics()).toContain('plumbline_outbox_pending 1');
  });
});

describe('hints', () => {
  it('tell of each event as it is published, and of each connection', async () => {
    const hints: unknown[] = [];
    const stop = bus.subscribeHints('plumbline.test.>', (hint) => hints.push(hint));
    await eventually(() => hints.length === 1);
    startTestRelay();
    await publishInTransaction(event('x'));
    await eventually(() => hints.length === 2);
    expect(hints).toEqual([
      undefined,
      { subject: SUBJECT, tenant: 'acme', type: 'plumbline.events.v1.Envelope' },
    ]);
    stop();
  });
});

describe('reconciler', () => {
  it('finds nothing to do while the stream is whole', async () => {
    const relay = startTestRelay();
    await publishInTransaction(event('a'), event('b'));
    await relay.flush();
    const reconciler = startReconciler({ database, bus, log: silentLog });
    closing.push(reconciler);
    expect(await reconciler.reconcile()).toEqual({ checked: 2, republished: 0 });
  });
});
