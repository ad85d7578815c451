import {
  AckPolicy,
  ConsumerEvents,
  DeliverPolicy,
  NatsError,
  nanos,
  type ConsumerMessages,
  type JsMsg,
  type NatsConnection,
} from 'nats';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@plumbline/service';
import type { Deliveries, Delivery, DeliveryOptions } from './bus.ts';
import type { LastingConnection } from './nats-connection.ts';
import { absentAsUndefined, ensureStream, STREAM, type StreamOptions } from './stream.ts';

interface Plan {
  readonly lasting: LastingConnection;
  readonly stream: StreamOptions;
  readonly options: DeliveryOptions;
  readonly log: Log;
}

const PAUSE_MS = 500;

/**
 * Pulls one durable consumer for as long as it is not stopped: creates stream and consumer where they are missing,
 * starts over when either was deleted, when heartbeats stay away or when the connection was lost.
 */
export function natsDeliveries({ lasting, stream, options, log }: Plan): Deliveries {
  const waiting: Delivery[] = [];
  let wake: () => void = () => undefined;
  let stopped = false;
  let messages: ConsumerMessages | undefined;

  async function pull(): Promise<void> {
    const connection = await lasting.established();
    await ensureStream(connection, stream);
    await ensureConsumer(connection, options);
    const consumer = await connection.jetstream().consumers.get(STREAM, options.durable);
    if (stopped) return;
    messages = await consumer.consume({
      max_messages: options.maxPending,
      expires: 10_000,
      idle_heartbeat: 2_000,
    });
    void endWhenLost(messages, log, options.durable);
    for await (const message of messages) {
      waiting.push(deliveryOf(message));
      wake();
    }
  }

  async function keepPulling(): Promise<void> {
    while (!stopped) {
      try {
        await pull();
      } catch (error) {
        if (stopped) return;
        log.warn({ error, consumer: options.durable }, 'pulling events was interrupted');
      }
      if (!stopped) await delay(PAUSE_MS);
    }
  }

  // What waits for a busy consumer is not up for redelivery.
  const beat = setInterval(() => waiting.forEach((delivery) => delivery.working()), options.ackWaitMs / 3);
  void keepPulling();
  return {
    async next(max) {
      while (waiting.length === 0 && !stopped) await new Promise<void>((resolve) => (wake = resolve));
      return stopped ? [] : waiting.splice(0, max);
    },
    stop() {
      stopped = true;
      clearInterval(beat);
      messages?.stop();
      for (const delivery of waiting.splice(0)) delivery.retry(0);
      wake();
    },
  };
}

const FATAL = new Set<unknown>([
  ConsumerEvents.ConsumerDeleted,
  ConsumerEvents.ConsumerNotFound,
  ConsumerEvents.StreamNotFound,
  ConsumerEvents.NoResponders,
]);

/** nats.js goes on asking a consumer that is gone for ever; ending the iteration makes `keepPulling` start over. */
async function endWhenLost(messages: ConsumerMessages, log: Log, consumer: string): Promise<void> {
  for await (const { type, data } of await messages.status()) {
    const missed = type === ConsumerEvents.HeartbeatsMissed && Number(data) >= 3;
    if (!missed && !FATAL.has(type)) continue;
    log.warn({ consumer, reason: type }, 'the consumer was lost; starting it again');
    messages.stop();
  }
}

async function ensureConsumer(connection: NatsConnection, options: DeliveryOptions): Promise<void> {
  const { durable, subject, maxPending, ackWaitMs } = options;
  const manager = await connection.jetstreamManager({ checkAPI: false });
  const config = {
    filter_subject: subject,
    max_ack_pending: maxPending,
    ack_wait: nanos(ackWaitMs),
    max_deliver: -1,
  };
  const existing = await manager.consumers.info(STREAM, durable).catch(absentAsUndefined);
  if (!existing) {
    await manager.consumers.add(STREAM, {
      ...config,
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    });
  } else if (Object.entries(config).some(([key, value]) => Reflect.get(existing.config, key) !== value)) {
    await manager.consumers.update(STREAM, durable, config);
  }
}

function deliveryOf(message: JsMsg): Delivery {
  return {
    subject: message.subject,
    bytes: message.data,
    sequence: BigInt(message.seq),
    count: message.info.deliveryCount,
    ack: () => tell(() => message.ack()),
    retry: (delayMs) => tell(() => message.nak(delayMs)),
    working: () => tell(() => message.working()),
    terminate: () => tell(() => message.term()),
  };
}

/** What cannot be told over a lost connection is settled by redelivery and the inbox. */
function tell(send: () => void): void {
  try {
    send();
  } catch (error) {
    if (!(error instanceof NatsError)) throw error;
  }
}
