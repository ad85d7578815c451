import type { Log } from './log.ts';

export interface Closable {
  close(): Promise<void> | void;
}

/** Finishes what is in flight. @param graceMs what is left of the time that all drains share */
export type Drain = (graceMs: number) => Promise<void> | void;

/** What a service holds and how it lets go, in one place: nothing is closed by anyone else. */
export interface Lifetime {
  adopt<R extends Closable>(resource: R, name: string): R;
  onDrain(drain: Drain): void;
  /**
   * Drains, all within `graceMs`, then closes in reverse order of adoption, all within `closingMs` more. A step that
   * fails or is not done by then is logged and left. Answers whether there was none.
   */
  end(bounds: EndBounds): Promise<boolean>;
}

export interface EndBounds {
  readonly graceMs: number;
  readonly closingMs: number;
}

/** A drain that gives up by itself when its grace is over has a moment to do so. */
const SLACK_MS = 500;

export function createLifetime(log: Log): Lifetime {
  const resources: { readonly name: string; readonly close: () => Promise<void> | void }[] = [];
  const drains: Drain[] = [];
  let ending: Promise<boolean> | undefined;

  async function end({ graceMs, closingMs }: EndBounds): Promise<boolean> {
    const drainedByMs = performance.now() + graceMs;
    let isClean = true;
    for (const drain of drains.toReversed()) {
      const run = (): ReturnType<Drain> => drain(leftMs(drainedByMs));
      isClean = (await step('drain', run, drainedByMs + Math.min(SLACK_MS, closingMs / 2), log)) && isClean;
    }
    const closedByMs = Math.max(drainedByMs, performance.now()) + closingMs;
    for (const { name, close } of resources.toReversed()) {
      isClean = (await step(name, close, closedByMs, log)) && isClean;
    }
    return isClean;
  }

  return {
    adopt(resource, name) {
      resources.push({ name, close: () => resource.close() });
      return resource;
    },
    onDrain(drain) {
      drains.push(drain);
    },
    end: (bounds) => (ending ??= end(bounds)),
  };
}

/** Answers whether it was done, without failure, by `untilMs` of the process's monotonic clock. */
export async function step(
  resource: string,
  run: () => Promise<void> | void,
  untilMs: number,
  log: Log,
): Promise<boolean> {
  const timeoutMs = leftMs(untilMs);
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<'expired'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'expired');
  });
  try {
    const outcome = await Promise.race([Promise.resolve(run()), expired]);
    if (outcome === 'expired') log.warn({ resource, timeoutMs }, 'closing took too long and was given up');
    return outcome !== 'expired';
  } catch (error) {
    log.warn({ resource, error }, 'closing failed');
    return false;
  } finally {
    clearTimeout(timer);
  }
}

function leftMs(untilMs: number): number {
  return Math.max(0, Math.round(untilMs - performance.now()));
}
