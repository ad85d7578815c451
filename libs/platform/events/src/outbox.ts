import { timestamp, type Queryable, type Transaction } from '@plumbline/sql';
import { errors } from './errors.ts';
import { MAX_PAYLOAD_BYTES, type OutgoingEvent } from './event.ts';
import { relaysOf } from './relays.ts';

interface OutboxRow {
  readonly event_id: string;
  readonly tenant: string;
  readonly subject: string;
  readonly type: string;
  readonly payload: Buffer;
  readonly traceparent: string;
  readonly occurred_at: bigint;
}

/** A published event and where the stream put it. */
export interface OutboxPosition {
  readonly eventId: string;
  readonly sequence: bigint;
}

/**
 * Writes events into the outbox within the transaction that caused them. They are published soon after it commits,
 * and never if it does not. An id that was enqueued before is left alone.
 */
export async function enqueue(tx: Queryable, events: readonly OutgoingEvent[]): Promise<void> {
  if (events.length === 0) return;
  const large = events.find(({ payload }) => payload.byteLength > MAX_PAYLOAD_BYTES);
  if (large)
    throw errors.EVENT_TOO_LARGE(`an event on ${large.subject} has ${large.payload.byteLength} bytes`);
  await tx.query(
    `INSERT INTO outbox (event_id, tenant, subject, type, payload, traceparent, occurred_at)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::timestamptz[])
     ON CONFLICT (event_id) DO NOTHING`,
    [
      events.map(({ id }) => id),
      events.map(({ tenant }) => tenant),
      events.map(({ subject }) => subject),
      events.map(({ type }) => type),
      events.map(({ payload }) => Buffer.from(payload)),
      events.map(({ traceparent = '' }) => traceparent),
      events.map(({ occurredAtUs }) => timestamp(occurredAtUs)),
    ],
    { name: 'plumbline_enqueue' },
  );
  kickAfterCommit(tx);
}

function kickAfterCommit(tx: Queryable): void {
  if (!('afterCommit' in tx)) return;
  const transaction = tx as Transaction;
  transaction.afterCommit(() => relaysOf(transaction.database).forEach((relay) => relay.kick()));
}

/** Locks up to `limit` unpublished events that nobody else is publishing, oldest first. */
export async function claimEvents(tx: Queryable, limit: number): Promise<OutgoingEvent[]> {
  const rows = await tx.query<OutboxRow>(
    `SELECT event_id, tenant, subject, type, payload, traceparent, occurred_at FROM outbox
     WHERE published_at IS NULL ORDER BY enqueued_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [limit],
    { name: 'plumbline_claim' },
  );
  return rows.map(eventOfRow);
}

/** Locks these events, published or not, for publishing them again. */
export async function lockEvents(tx: Queryable, eventIds: readonly string[]): Promise<OutgoingEvent[]> {
  const rows = await tx.query<OutboxRow>(
    `SELECT event_id, tenant, subject, type, payload, traceparent, occurred_at FROM outbox
     WHERE event_id = ANY($1::uuid[]) ORDER BY enqueued_at FOR UPDATE`,
    [eventIds],
  );
  return rows.map(eventOfRow);
}

export async function markPublished(tx: Queryable, positions: readonly OutboxPosition[]): Promise<void> {
  if (positions.length === 0) return;
  await tx.query(
    `UPDATE outbox SET published_at = clock_timestamp(), stream_sequence = p.sequence
     FROM unnest($1::uuid[], $2::int8[]) AS p (event_id, sequence) WHERE outbox.event_id = p.event_id`,
    [positions.map(({ eventId }) => eventId), positions.map(({ sequence }) => sequence)],
    { name: 'plumbline_mark_published' },
  );
}

export async function countUnpublished(tx: Queryable): Promise<number> {
  const [row] = await tx.query<{ count: bigint }>(
    'SELECT count(*) AS count FROM outbox WHERE published_at IS NULL',
  );
  return Number(row?.count ?? 0n);
}

function eventOfRow(row: OutboxRow): OutgoingEvent {
  const { tenant, subject, type, payload, traceparent } = row;
  return { id: row.event_id, tenant, subject, type, payload, traceparent, occurredAtUs: row.occurred_at };
}
