import { setTimeout as delay } from 'node:timers/promises';
import { Code, ServiceError } from '@plumbline/errors';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

export interface RetryOptions {
  /** Default 30 s. */
  readonly forMs?: number;
  /** Told of every failure that is followed by another attempt. */
  readonly onRetry?: (error: ServiceError) => void;
}

/** Repeats an idempotent call while it fails UNAVAILABLE. */
export async function retryUnavailable<T>(
  call: () => Promise<T>,
  { forMs = 30_000, onRetry }: RetryOptions = {},
): Promise<T> {
  const deadline = performance.now() + forMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      if (!isUnavailable(error) || performance.now() + pauseMs > deadline) throw error;
      onRetry?.(error);
      await delay(Math.max(pauseMs, error.retryAfterMs ?? 0));
    }
  }
}

/** Asks until the answer satisfies; resolves with it. @throws with `what` when `withinMs` have passed. */
export async function until<T>(
  what: string,
  ask: () => Promise<T>,
  satisfies: (answer: T) => boolean,
  { withinMs = 120_000, everyMs = 100 } = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await retryUnavailable(ask);
    if (satisfies(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${withinMs / 1_000} s`);
    await delay(everyMs);
  }
}

function isUnavailable(error: unknown): error is ServiceError {
  return error instanceof ServiceError && error.code === Code.UNAVAILABLE;
}
