import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  /** Default 120 000: a bound for what never comes true, however slow the machine. */
  readonly timeoutMs?: number;
  /** Default 10. */
  readonly intervalMs?: number;
}

/**
 * Calls `probe` until it neither throws nor yields false, null or undefined, and resolves to what it yields.
 * After `timeoutMs` it rejects with the last failure as cause.
 */
export async function eventually<T>(
  probe: () => T | Promise<T>,
  { timeoutMs = 120_000, intervalMs = 10 }: Patience = {},
): Promise<Held<T>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const outcome = await attempt(probe);
    if (outcome.holds) return outcome.value;
    if (performance.now() >= deadline) {
      throw new Error(`the condition did not hold within ${timeoutMs} ms: ${String(outcome.cause)}`, {
        cause: outcome.cause,
      });
    }
    await delay(intervalMs);
  }
}

type Held<T> = Exclude<T, false | null | undefined>;
type Outcome<T> =
  { readonly holds: true; readonly value: Held<T> } | { readonly holds: false; readonly cause: unknown };

async function attempt<T>(probe: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    const value = await probe();
    if (value === undefined || value === null || value === false) {
      return { holds: false, cause: `the probe yields ${String(value)}` };
    }
    return { holds: true, value: value as Held<T> };
  } catch (cause) {
    return { holds: false, cause };
  }
}
