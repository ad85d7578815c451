import { connect, Events, type NatsConnection } from 'nats';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '@plumbline/service';
import { errors } from './errors.ts';

/** One lasting connection: made in the background, remade when lost, for as long as it is not closed. */
export interface LastingConnection {
  /** The live connection. Throws EVENTS_UNAVAILABLE while there is none. */
  current(): NatsConnection;
  /** Resolves with the live connection as soon as there is one; rejects once closed. */
  established(): Promise<NatsConnection>;
  /** Calls `listener` now, if connected, and after each later connection. Returns the way to stop. */
  onConnected(listener: (connection: NatsConnection) => void): () => void;
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

export function keepConnected(url: string, name: string, log: Log): LastingConnection {
  const listeners = new Set<(connection: NatsConnection) => void>();
  const closing = new AbortController();
  let live: NatsConnection | undefined;

  function connected(connection: NatsConnection): void {
    live = connection;
    for (const listener of listeners) listener(connection);
  }

  async function watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (type === Events.Disconnect) {
        live = undefined;
        log.warn({}, 'the connection to NATS was lost');
      } else if (type === Events.Reconnect) {
        log.info({}, 'connected to NATS again');
        connected(connection);
      }
    }
  }

  async function keep(): Promise<void> {
    for (
      let pauseMs = FIRST_PAUSE_MS;
      !closing.signal.aborted;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
    ) {
      try {
        const connection = await connect(options(url, name));
        pauseMs = FIRST_PAUSE_MS;
        const end = () => void connection.close();
        closing.signal.addEventListener('abort', end, { once: true });
        if (closing.signal.aborted) end();
        else connected(connection);
        void watch(connection);
        await connection.closed();
        closing.signal.removeEventListener('abort', end);
        live = undefined;
      } catch (error) {
        log.warn({ error, nextAttemptMs: pauseMs }, 'NATS cannot be reached');
        await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined);
      }
    }
  }

  const ended = keep();
  return {
    current() {
      if (live) return live;
      throw errors.EVENTS_UNAVAILABLE('NATS cannot be reached', { retryAfterMs: 1_000 });
    },
    established() {
      if (live) return Promise.resolve(live);
      return new Promise((resolve, reject) => {
        const settle = (connection: NatsConnection) => {
          listeners.delete(settle);
          resolve(connection);
        };
        listeners.add(settle);
        const refuse = () => reject(errors.EVENTS_UNAVAILABLE('the connection to NATS is closed'));
        closing.signal.addEventListener('abort', refuse, { once: true });
        if (closing.signal.aborted) refuse();
      });
    },
    onConnected(listener) {
      listeners.add(listener);
      if (live) listener(live);
      return () => void listeners.delete(listener);
    },
    async close() {
      await live?.flush().catch(() => undefined);
      closing.abort();
      live = undefined;
      await ended;
    },
  };
}

/** nats takes credentials as options only; in the URL they are what every other client expects. */
function options(url: string, name: string) {
  const { protocol, username, password, host } = new URL(url);
  return {
    servers: host,
    name,
    ...(protocol === 'tls:' ? { tls: {} } : {}),
    ...(username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
    timeout: 3_000,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 200,
    reconnectJitter: 100,
    pingInterval: 10_000,
    maxPingOut: 2,
  };
}
