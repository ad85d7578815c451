import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvelopeSchema } from '@plumbline/contract-events/plumbline/events/v1/envelope_pb.js';
import { migrate, type Database, type Transaction } from '@plumbline/sql';
import { silentLog, temporaryDirectory } from '@plumbline/testing';
import { consume, eventOf, singly, type Consumer, type EventBus, type OutgoingEvent } from '../src/index.ts';

export const SUBJECT = 'plumbline.test.thing-happened';

/** Outbox, inbox and a table `effect` that shows what was applied, and how often. */
export async function createTables(database: Database): Promise<void> {
  const directory = join(await temporaryDirectory(), 'migrations');
  await mkdir(directory);
  const effects =
    'CREATE TABLE effect (event_id text, label text, at timestamptz DEFAULT clock_timestamp());';
  await writeFile(join(directory, '0001-base.sql'), `-- include: outbox\n-- include: inbox\n${effects}`);
  await migrate(database, directory);
}

/** Any message does as a payload, and the envelope's own is at hand: its `type` carries the test's label. */
export const event = (label: string, id: string = randomUUID()): OutgoingEvent =>
  eventOf(
    EnvelopeSchema,
    { type: label },
    { subject: SUBJECT, tenant: 'acme', nowUs: 981_173_106_123_456n, id },
  );

/** What was applied, in order of application. */
export async function labels(database: Database): Promise<string[]> {
  const rows = await database.query<{ label: string }>('SELECT label FROM effect ORDER BY at');
  return rows.map(({ label }) => label);
}

export async function record(tx: Transaction, label: string, eventId: string): Promise<void> {
  await tx.query('INSERT INTO effect (event_id, label) VALUES ($1, $2)', [eventId, label]);
}

export type ThingOptions = Parameters<typeof consume<typeof EnvelopeSchema>>[0];

/** Consumes SUBJECT into the table `effect`. */
export const consumeThings = (
  options: { database: Database; bus: EventBus } & Partial<ThingOptions>,
): Promise<Consumer> =>
  consume({
    log: silentLog,
    durable: 'test-things',
    ackWaitMs: 1_000,
    subject: SUBJECT,
    schema: EnvelopeSchema,
    handle: singly((tx, message, envelope) => record(tx, message.type, envelope.id)),
    ...options,
  });
