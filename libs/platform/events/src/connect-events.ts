import { headers, type NatsConnection } from 'nats';
import type { Log } from '@plumbline/service';
import type { EventBus, Hint, StreamState } from './bus.ts';
import { errors } from './errors.ts';
import { decodeEnvelope } from './event.ts';
import { keepConnected, type LastingConnection } from './nats-connection.ts';
import { natsDeliveries } from './nats-deliveries.ts';
import { absentAsUndefined, DEFAULT_STREAM, ensureStream, STREAM, type StreamOptions } from './stream.ts';

export interface ConnectOptions {
  /** `nats://[user:password@]host:port` */
  readonly url: string;
  readonly service: string;
  readonly log: Log;
  /** Limits for the stream, if this process happens to create it. */
  readonly stream?: Partial<StreamOptions>;
}

const ANSWER_TIMEOUT_MS = 5_000;
const MESSAGE_ID = 'Nats-Msg-Id';

/**
 * The bus of a service. Resolves at once: the connection is made, and remade, in the background, so that a service
 * starts without NATS and goes on without it. `ready()` tells.
 */
export async function connectEvents(options: ConnectOptions): Promise<EventBus> {
  const { url, service, log } = options;
  const stream = { ...DEFAULT_STREAM, ...options.stream };
  const lasting = keepConnected(url, `plumbline ${service}`, log);
  const prepared = new WeakSet<NatsConnection>();

  /** The live connection, its stream certain to have existed once in this connection's life. */
  async function prepare(): Promise<NatsConnection> {
    const connection = lasting.current();
    if (!prepared.has(connection)) await ensureStream(connection, stream);
    prepared.add(connection);
    return connection;
  }

  return {
    service,
    ready: () => available(async () => void (await ensureStream(lasting.current(), stream))),
    publish: (subject, messageId, bytes) =>
      available(async () => {
        const connection = await prepare();
        try {
          const jetstream = connection.jetstream({ timeout: ANSWER_TIMEOUT_MS });
          const { seq, duplicate } = await jetstream.publish(subject, bytes, {
            msgID: messageId,
            headers: headers(),
          });
          return { sequence: BigInt(seq), duplicate };
        } catch (error) {
          prepared.delete(connection); // the stream may be gone
          throw error;
        }
      }),
    deliveries: (deliveryOptions) => natsDeliveries({ lasting, stream, options: deliveryOptions, log }),
    messageIdAt: (sequence) => available(async () => messageIdAt(await prepare(), sequence)),
    streamState: () => available(async () => stateOf(lasting.current(), stream)),
    subscribeHints: (subject, listener) => subscribeHints(lasting, subject, listener, log),
    onConnected: (listener) => lasting.onConnected(() => listener()),
    close: () => lasting.close(),
  };
}

/** Whatever nats or its server object to is, for a caller, a stream that cannot be used now. */
async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw errors.EVENTS_UNAVAILABLE(`the event stream does not answer: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function messageIdAt(connection: NatsConnection, sequence: bigint): Promise<string | undefined> {
  const manager = await connection.jetstreamManager({ checkAPI: false });
  const stored = await manager.streams.getMessage(STREAM, { seq: Number(sequence) }).catch(absentAsUndefined);
  return stored?.header.get(MESSAGE_ID);
}

async function stateOf(connection: NatsConnection, options: StreamOptions): Promise<StreamState> {
  const { created, state, config } = await ensureStream(connection, options);
  return {
    createdAtUs: BigInt(Date.parse(created)) * 1_000n,
    firstSequence: BigInt(state.first_seq),
    lastSequence: BigInt(state.last_seq),
    maxAgeMs: config.max_age === 0 ? undefined : config.max_age / 1e6,
  };
}

function subscribeHints(
  lasting: LastingConnection,
  subject: string,
  listener: (hint: Hint | undefined) => void,
  log: Log,
): () => void {
  let unsubscribe = (): void => undefined;
  let subscribed: NatsConnection | undefined;
  const stop = lasting.onConnected((connection) => {
    if (subscribed !== connection) {
      subscribed = connection; // nats restores subscriptions itself when this connection is remade
      const subscription = connection.subscribe(subject, {
        callback: (error, message) => {
          if (error) log.warn({ error, subject }, 'a hint was lost');
          else listener(hintOf(message.subject, message.data));
        },
      });
      unsubscribe = () => subscription.unsubscribe();
    }
    listener(undefined);
  });
  return () => {
    stop();
    unsubscribe();
  };
}

function hintOf(subject: string, bytes: Uint8Array): Hint | undefined {
  try {
    const { tenant, type } = decodeEnvelope(bytes);
    return { subject, tenant, type };
  } catch {
    return undefined; // something has happened, and one cannot tell what: the meaning of undefined
  }
}
