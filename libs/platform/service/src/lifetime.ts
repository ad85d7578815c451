import type { Log } from './log.ts';

export interface Closable {
  close(): Promise<void> | void;
}

/** What a service holds and how it lets go, in one place: nothing is closed by anyone else. */
export interface Lifetime {
  adopt<R extends Closable>(resource: R, name: string): R;
  onDrain(drain: () => Promise<void> | void): void;
  /** Drains, then closes in reverse order of adoption. A step that fails or outlasts its bound is logged and left. */
  end(stepTimeoutMs: number): Promise<void>;
}

export function createLifetime(log: Log): Lifetime {
  const resources: { readonly name: string; readonly close: () => Promise<void> | void }[] = [];
  const drains: (() => Promise<void> | void)[] = [];
  let ending: Promise<void> | undefined;

  async function end(stepTimeoutMs: number): Promise<void> {
    for (const drain of drains.toReversed()) await step('drain', drain, stepTimeoutMs, log);
    for (const { name, close } of resources.toReversed()) await step(name, close, stepTimeoutMs, log);
  }

  return {
    adopt(resource, name) {
      resources.push({ name, close: () => resource.close() });
      return resource;
    },
    onDrain(drain) {
      drains.push(drain);
    },
    end: (stepTimeoutMs) => (ending ??= end(stepTimeoutMs)),
  };
}

async function step(
  resource: string,
  run: () => Promise<void> | void,
  timeoutMs: number,
  log: Log,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<'expired'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'expired');
  });
  try {
    const outcome = await Promise.race([Promise.resolve(run()), expired]);
    if (outcome === 'expired') log.warn({ resource, timeoutMs }, 'closing took too long and was given up');
  } catch (error) {
    log.warn({ resource, error }, 'closing failed');
  } finally {
    clearTimeout(timer);
  }
}
