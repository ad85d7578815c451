import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Database, Transaction } from '@plumbline/sql';
import type { Log } from '@plumbline/service';
import type { EventBus } from './bus.ts';
import { measurePending } from './event-metrics.ts';
import { encodeEnvelope, type OutgoingEvent } from './event.ts';
import { claimEvents, countUnpublished, markPublished, type OutboxPosition } from './outbox.ts';
import { addRelay, removeRelay } from './relays.ts';
import { createWaker } from './waker.ts';

export interface RelayOptions {
  readonly database: Database;
  readonly bus: EventBus;
  readonly log: Log;
  /** Events published in one transaction. Default 200. */
  readonly batchSize?: number;
  /** How often the outbox is looked at without a kick, for rows that another process wrote. Default 250: a look is
   * three round trips to Postgres, which every service would pay twenty times a second at 50. */
  readonly pollMs?: number;
  /** Shows `plumbline_outbox_pending`. */
  readonly metrics?: Registry;
}

export interface Relay {
  /** Looks at the outbox now. `enqueue` does this after its transaction has committed. */
  kick(): void;
  /** Resolves when nothing is left unpublished; rejects with EVENTS_UNAVAILABLE or DATABASE_UNAVAILABLE. */
  flush(): Promise<void>;
  /** How many events wait. */
  pending(): Promise<number>;
  /** Publishes what waits if the stream answers, then stops. What is left stays in the outbox. */
  close(): Promise<void>;
}

const LONGEST_PAUSE_MS = 2_000;

/**
 * Publishes the outbox: claims rows with SKIP LOCKED, so that any number of replicas share the work, sends them
 * with their id as Nats-Msg-Id, and marks them within the claiming transaction once the stream has stored them. A
 * crash in between repeats a publication, which the stream or the consumers' inbox makes harmless.
 */
export function startRelay(options: RelayOptions): Relay {
  const { database, bus, log, batchSize = 200, pollMs = 250 } = options;
  const waker = createWaker();
  let closed = false;

  /** How many were claimed. Throws when some of them could not be published, with the others marked. */
  async function publishBatch(): Promise<number> {
    if (!(await hasWaiting(database))) return 0;
    const { claimed, failures } = await database.transaction(async (tx) => {
      const events = await claimEvents(tx, batchSize);
      return { claimed: events.length, failures: await publish(bus, tx, events) };
    });
    const [failure] = failures;
    if (failure) throw failure;
    return claimed;
  }

  async function work(): Promise<void> {
    let pauseMs = pollMs;
    while (!closed) {
      try {
        const claimed = await publishBatch();
        pauseMs = pollMs;
        if (claimed === batchSize) continue;
      } catch (error) {
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
        log.warn({ error, nextAttemptMs: pauseMs }, 'events could not be published; they wait in the outbox');
      }
      await waker.wait(pauseMs);
    }
  }

  async function flush(): Promise<void> {
    for (;;) {
      if ((await publishBatch()) > 0) continue;
      if ((await countUnpublished(database)) === 0) return;
      await delay(pollMs); // another replica is publishing the rest
    }
  }

  const relay: Relay = {
    kick: () => waker.wake(),
    flush,
    pending: () => countUnpublished(database),
    async close() {
      closed = true;
      removeRelay(database, relay);
      waker.wake();
      await working;
      await flush().catch((error: unknown) => log.info({ error }, 'events are left in the outbox'));
    },
  };
  const working = work();
  addRelay(database, relay);
  measurePending(options.metrics, () => relay.pending());
  return relay;
}

/** Publishes in order, all in flight at once, and marks what the stream stored. Yields the failures. */
async function publish(bus: EventBus, tx: Transaction, events: readonly OutgoingEvent[]): Promise<Error[]> {
  const results = await Promise.allSettled(
    events.map(async (event): Promise<OutboxPosition> => {
      const { sequence } = await bus.publish(event.subject, event.id, encodeEnvelope(event));
      return { eventId: event.id, sequence };
    }),
  );
  await markPublished(
    tx,
    results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
  );
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []));
}

/** Whether anything waits, without opening a transaction for it. */
async function hasWaiting(database: Database): Promise<boolean> {
  const rows = await database.query('SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1', [], {
    name: 'plumbline_outbox_waits',
  });
  return rows.length > 0;
}
