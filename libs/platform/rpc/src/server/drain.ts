import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Http2Server } from '@plumbline/http2';
import { rpcErrors } from '../errors.ts';
import type { HealthRegistry } from '../health/health-registry.ts';
import type { InFlightCalls } from './in-flight.ts';

export interface Drainable {
  readonly server: Http2Server;
  readonly health: HealthRegistry;
  /** Calls whose answers are waited for. */
  readonly calls: InFlightCalls;
  /** Calls that last as long as their client likes: health watches, reflection. */
  readonly subscriptions: InFlightCalls;
  /** Coalesced streams, which end when their client has heard of `draining`. */
  readonly exchanges: InFlightCalls;
  readonly draining: AbortController;
}

const shuttingDown = (): ReturnType<typeof rpcErrors.SHUTTING_DOWN> =>
  rpcErrors.SHUTTING_DOWN('the server is shutting down');

/** Lets calls in flight finish for `graceMs`, then cancels the rest. Resolves when every connection is closed. */
export async function drainServer(drainable: Drainable, graceMs: number): Promise<void> {
  const { server, health, subscriptions, draining } = drainable;
  health.shutDown();
  draining.abort();
  await nextTurn();
  subscriptions.cancelAll(shuttingDown());
  const expired = await expires(server.close(), graceMs);
  if (expired) await closeServer(drainable);
}

/** Cancels every call, gives their answers one turn to leave, and destroys what is still connected. */
export async function closeServer({ server, calls, subscriptions, exchanges }: Drainable): Promise<void> {
  for (const group of [calls, subscriptions]) group.cancelAll(shuttingDown());
  await nextTurn();
  exchanges.cancelAll(shuttingDown());
  await Promise.all([calls.whenIdle(), subscriptions.whenIdle(), exchanges.whenIdle()]);
  const closed = server.close();
  server.destroy();
  await closed;
}

/** True when `graceMs` passed first. */
async function expires(done: Promise<void>, graceMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, graceMs, true);
  });
  const expired = await Promise.race([done.then(() => false), timeout]);
  clearTimeout(timer);
  return expired;
}
