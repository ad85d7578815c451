import { timestamp, type Database, type Queryable } from '@plumbline/sql';
import type { Log } from '@plumbline/service';
import type { EventBus, StreamState } from './bus.ts';
import { encodeEnvelope, type OutgoingEvent } from './event.ts';
import { lockEvents, markPublished, type OutboxPosition } from './outbox.ts';
import { DAY_MS } from './stream.ts';
import { createWaker } from './waker.ts';

export interface ReconcilerOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly log: Log;
  /** Pause between passes. Default 30 000. */
  readonly intervalMs?: number;
  /** How far back a full pass looks, and a day less than published events are kept. Default 7 days. */
  readonly retentionMs?: number;
}

export interface Reconciliation {
  readonly checked: number;
  readonly republished: number;
}

export interface Reconciler {
  /** Compares everything within the retention now. */
  reconcile(): Promise<Reconciliation>;
  close(): Promise<void>;
}

interface PublishedRow {
  readonly event_id: string;
  readonly stream_sequence: bigint;
  readonly published_at: bigint;
}

const PAGE = 500;
/** Rows become visible in an order other than that of their instants; what is this recent is looked at twice. */
const OVERLAP_US = 60_000_000n;

/**
 * Compares published outbox rows with what the stream holds at their positions, and publishes again what is missing:
 * a broker may lose what it acknowledged (lazy fsync, a wiped volume, a deleted stream). The first pass, and any after
 * a reconnection or when the stream was replaced or has become shorter, goes over everything within the retention;
 * the others over what was published since. Also deletes rows that have outlived the retention by a day.
 */
export function startReconciler(options: ReconcilerOptions): Reconciler {
  const { database, bus, log, intervalMs = 30_000, retentionMs = 7 * DAY_MS } = options;
  const waker = createWaker();
  let closed = false;
  let verifiedUntilUs = 0n;
  let known: StreamState | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const stopListening = bus.onConnected(() => {
    verifiedUntilUs = 0n;
    waker.wake();
  });

  async function pass(): Promise<Reconciliation> {
    const state = await bus.streamState();
    if (known && hasLost(known, state)) verifiedUntilUs = 0n;
    known = state;
    const reachMs = Math.min(retentionMs, (state.maxAgeMs ?? Infinity) * 0.9);
    const total = { checked: 0, republished: 0 };
    const from = verifiedUntilUs - OVERLAP_US;
    for await (const rows of publishedPages(database, from > 0n ? from : 0n, reachMs)) {
      const missing = await missingEvents(bus, rows);
      await republish(database, bus, missing);
      if (missing.length > 0)
        log.warn({ count: missing.length }, 'the stream had lost events; published again');
      total.checked += rows.length;
      total.republished += missing.length;
      verifiedUntilUs = rows.at(-1)?.published_at ?? verifiedUntilUs;
      if (closed) break;
    }
    await pruneOutbox(database, retentionMs + DAY_MS);
    return total;
  }

  /** One pass at a time. */
  function nextPass(): Promise<Reconciliation> {
    const next = last.then(pass, pass);
    last = next.catch(() => undefined);
    return next;
  }

  async function work(): Promise<void> {
    for (;;) {
      await waker.wait(intervalMs); // the first connection ends the first pause
      if (closed) return;
      try {
        await nextPass();
      } catch (error) {
        log.warn({ error, nextAttemptMs: intervalMs }, 'the outbox could not be compared with the stream');
      }
    }
  }

  const working = work();
  return {
    reconcile() {
      verifiedUntilUs = 0n;
      return nextPass();
    },
    async close() {
      closed = true;
      stopListening();
      waker.wake();
      await working;
    },
  };
}

/** Whether the stream is another one, or an older state of the same one, than it was. */
function hasLost(before: StreamState, now: StreamState): boolean {
  return now.createdAtUs !== before.createdAtUs || now.lastSequence < before.lastSequence;
}

async function* publishedPages(
  database: Queryable,
  fromUs: bigint,
  reachMs: number,
): AsyncGenerator<readonly PublishedRow[]> {
  let after = { at: fromUs, id: '00000000-0000-0000-0000-000000000000' };
  for (;;) {
    const rows = await database.query<PublishedRow>(
      `SELECT event_id, stream_sequence, published_at FROM outbox
       WHERE (published_at, event_id) > ($1::timestamptz, $2::uuid)
         AND published_at > now() - $3 * interval '1 ms'
       ORDER BY published_at, event_id LIMIT $4`,
      [timestamp(after.at), after.id, reachMs, PAGE],
    );
    const tail = rows.at(-1);
    if (!tail) return;
    yield rows;
    after = { at: tail.published_at, id: tail.event_id };
  }
}

async function missingEvents(bus: EventBus, rows: readonly PublishedRow[]): Promise<string[]> {
  const missing: string[] = [];
  for (let start = 0; start < rows.length; start += 50) {
    const checks = rows.slice(start, start + 50).map(async ({ event_id: id, stream_sequence: sequence }) => {
      const found = await bus.messageIdAt(sequence);
      if (!found?.startsWith(id)) missing.push(id);
    });
    await Promise.all(checks);
  }
  return missing;
}

async function republish(database: Database, bus: EventBus, eventIds: readonly string[]): Promise<void> {
  if (eventIds.length === 0) return;
  await database.transaction(async (tx) => {
    const events = await lockEvents(tx, eventIds);
    await markPublished(tx, await Promise.all(events.map((event) => publishAgain(bus, event))));
  });
}

/** The stream may remember the id of a message that it has lost; then a derived id gets past its dedupe window. */
async function publishAgain(bus: EventBus, event: OutgoingEvent): Promise<OutboxPosition> {
  const bytes = encodeEnvelope(event);
  let published = await bus.publish(event.subject, event.id, bytes);
  if (published.duplicate) published = await bus.publish(event.subject, `${event.id}~${Date.now()}`, bytes);
  return { eventId: event.id, sequence: published.sequence };
}

async function pruneOutbox(database: Queryable, keepMs: number): Promise<void> {
  await database.query(
    `DELETE FROM outbox WHERE event_id IN (
       SELECT event_id FROM outbox WHERE published_at < now() - $1 * interval '1 ms' LIMIT 10000)`,
    [keepMs],
  );
}
