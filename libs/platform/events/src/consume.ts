import type { DescMessage } from '@bufbuild/protobuf';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';
import type { Log } from '@plumbline/service';
import { applyEvents, type Subscription } from './apply-events.ts';
import type { Delivery, EventBus } from './bus.ts';
import { bury, replayDeadLetters, type Replayed, type ReplaySelection } from './dead-letters.ts';
import { deliveryCounter } from './event-metrics.ts';
import { decodeEnvelope } from './event.ts';
import { pruneInbox } from './inbox.ts';
import { judgeFailure } from './judge-failure.ts';

export interface ConsumeOptions<S extends DescMessage> extends Subscription<S> {
  readonly bus: EventBus;
  readonly log: Log;
  /** May end in `.>`. */
  readonly subject: string;
  /** Deliveries before a failing event becomes a dead letter. Default 8. */
  readonly maxDeliver?: number;
  /** Events applied in one transaction. Default 64. */
  readonly batchSize?: number;
  /** When an event held by a silent replica goes to another one. Default 10 000. */
  readonly ackWaitMs?: number;
  /** Counts `plumbline_events_total`. */
  readonly metrics?: Registry;
}

export interface Consumer {
  readonly durable: string;
  /** Applies dead letters of this consumer again; see replayDeadLetters. */
  replay(options: ReplaySelection): Promise<Replayed>;
  /** Pulls no more, finishes the transaction in hand and gives back the rest. */
  close(): Promise<void>;
}

const PRUNE_EVERY_MS = 3_600_000;

/**
 * Consumes a subject of the stream: each event's effect happens once, in a transaction with its inbox row, however
 * often it is delivered. Batches are applied together and, if one of them fails, singly. Resolves at once; events
 * flow as soon as NATS and Postgres answer, and again after either was away.
 */
export async function consume<S extends DescMessage>(options: ConsumeOptions<S>): Promise<Consumer> {
  const {
    bus,
    database,
    log,
    durable,
    subject,
    maxDeliver = 8,
    batchSize = 64,
    ackWaitMs = 10_000,
  } = options;
  if (!/^[\w-]+$/.test(durable)) throw new RangeError(`"${durable}" cannot name a durable consumer`);
  const deliveries = bus.deliveries({ durable, subject, ackWaitMs, maxPending: 4 * batchSize });
  const count = deliveryCounter(options.metrics, durable);
  const closing = new AbortController();
  const inHand = new Set<Delivery>();
  const beat = setInterval(() => inHand.forEach((delivery) => delivery.working()), ackWaitMs / 3);
  const prune = setInterval(() => void pruneQuietly(), PRUNE_EVERY_MS);

  async function pruneQuietly(): Promise<void> {
    await pruneInbox(database, durable).catch((error: unknown) => {
      log.warn({ error, consumer: durable }, 'the inbox could not be pruned');
    });
  }

  async function applySingly(delivery: Delivery): Promise<void> {
    for (let attempt = 1; !closing.signal.aborted; attempt++) {
      try {
        if (delivery.count > maxDeliver) throw new Error('every earlier delivery ended without an answer');
        await applyEvents(options, [decodeEnvelope(delivery.bytes)]);
        count('applied');
        return delivery.ack();
      } catch (error) {
        if (await settleFailure(delivery, error, attempt)) return;
      }
    }
    delivery.retry(0);
  }

  /** True when the delivery is out of our hands; false when it is to be tried again here. */
  async function settleFailure(delivery: Delivery, error: unknown, attempt: number): Promise<boolean> {
    const verdict = judgeFailure(error, { attempt, delivery: delivery.count, maxDeliver });
    const sequence = delivery.sequence;
    log.warn(
      { error, consumer: durable, sequence, attempt, delivery: delivery.count },
      `event: ${verdict.action}`,
    );
    if (verdict.action === 'retry') {
      count('retried');
      delivery.retry(verdict.delayMs);
      return true;
    }
    if (verdict.action === 'wait') {
      count('waited');
      await delay(verdict.delayMs, undefined, { signal: closing.signal }).catch(() => undefined);
      return false;
    }
    const message = error instanceof Error ? error.message : String(error);
    return buryOrWait(delivery, { reason: verdict.reason, message });
  }

  /** A letter is always storable, so what fails here is the database, and the event must not be lost meanwhile. */
  async function buryOrWait(
    delivery: Delivery,
    failure: { reason: string; message: string },
  ): Promise<boolean> {
    try {
      await bury(database, durable, delivery, failure);
      count('buried');
      delivery.terminate();
      return true;
    } catch (error) {
      log.warn({ error, consumer: durable }, 'a dead letter could not be kept yet; trying again');
      await delay(1_000, undefined, { signal: closing.signal }).catch(() => undefined);
      return false;
    }
  }

  async function applyBatch(batch: readonly Delivery[]): Promise<void> {
    if (batch.length > 1 && (await applyTogether(batch))) return;
    for (const delivery of batch) {
      await applySingly(delivery);
      inHand.delete(delivery);
    }
  }

  async function applyTogether(batch: readonly Delivery[]): Promise<boolean> {
    if (batch.some(({ count }) => count > 1)) return false;
    try {
      const envelopes = batch.map(({ bytes }) => decodeEnvelope(bytes));
      await applyEvents(options, envelopes);
    } catch (error) {
      log.debug(
        { error, consumer: durable, count: batch.length },
        'a batch failed; applying its events singly',
      );
      return false;
    }
    count('applied', batch.length);
    for (const delivery of batch) delivery.ack();
    return true;
  }

  async function work(): Promise<void> {
    for (;;) {
      const batch = await deliveries.next(batchSize);
      if (batch.length === 0) return;
      for (const delivery of batch) inHand.add(delivery);
      await applyBatch(batch);
      inHand.clear();
    }
  }

  const working = work();
  return {
    durable,
    replay: (selection) => replayDeadLetters({ ...options, ...selection }),
    async close() {
      closing.abort();
      deliveries.stop();
      await working;
      clearInterval(beat);
      clearInterval(prune);
    },
  };
}
