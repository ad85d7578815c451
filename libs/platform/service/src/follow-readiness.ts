import type { Closable } from './lifetime.ts';
import type { Readiness } from './readiness.ts';

/** What a gRPC server says of its services, as the rpc library's HealthRegistry keeps it. */
export interface ServingHealth {
  entries(): Iterable<readonly [service: string, status: unknown]>;
  set(service: string, status: 'SERVING' | 'NOT_SERVING'): void;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Keeps every service SERVING while all is ready and NOT_SERVING otherwise: NOT_SERVING at once, then by a look once a
 * second, and one whenever the service as a whole is held or let go.
 */
export function followReadiness(readiness: Readiness, health: ServingHealth): Closable {
  let closed = false;
  let due = true;
  let wake = (): void => undefined;
  const look = (): void => {
    due = true;
    wake();
  };
  const unsubscribe = readiness.onHold(look);

  function say(ready: boolean): void {
    for (const [service] of health.entries()) health.set(service, ready ? 'SERVING' : 'NOT_SERVING');
  }

  async function follow(): Promise<void> {
    while (!closed) {
      due = false;
      const { ready } = await readiness.report();
      if (!closed) say(ready);
      if (!due) await pause();
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY_MS).unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  say(false);
  const following = follow();
  return {
    close() {
      closed = true;
      unsubscribe();
      look();
      return following;
    },
  };
}
