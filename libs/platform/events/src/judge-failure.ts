import { ServiceError, type CodeName } from '@plumbline/errors';

/** What to do with an event whose handling failed. */
export type FailureVerdict =
  /** Hold it and try again: a dependency is away, and no event behind it would fare better. */
  | { readonly action: 'wait'; readonly delayMs: number }
  /** Give it back to the stream for a later delivery. */
  | { readonly action: 'retry'; readonly delayMs: number }
  /** Keep it as a dead letter. */
  | { readonly action: 'bury'; readonly reason: string };

/** Codes that say that the same event will fail again. */
const PERMANENT: ReadonlySet<CodeName> = new Set<CodeName>([
  ...(['INVALID_ARGUMENT', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'UNAUTHENTICATED'] as const),
  ...(['FAILED_PRECONDITION', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'DATA_LOSS'] as const),
]);

const LONGEST_PAUSE_MS = 30_000;

/**
 * UNAVAILABLE waits, without end; permanent codes are buried at once; everything else is delivered again, up to
 * `maxDeliver` times. Pauses grow fourfold from 100 ms to 30 s. `attempt` and `delivery` count from 1.
 */
export function judgeFailure(
  error: unknown,
  { attempt, delivery, maxDeliver }: { attempt: number; delivery: number; maxDeliver: number },
): FailureVerdict {
  const code = error instanceof ServiceError ? error.codeName : 'UNKNOWN';
  if (code === 'UNAVAILABLE') return { action: 'wait', delayMs: pauseMs(attempt) };
  if (PERMANENT.has(code)) return { action: 'bury', reason: reasonOf(error) };
  if (delivery >= maxDeliver) return { action: 'bury', reason: reasonOf(error) };
  return { action: 'retry', delayMs: pauseMs(delivery) };
}

export function reasonOf(error: unknown): string {
  return error instanceof ServiceError ? error.reason : 'DELIVERIES_EXHAUSTED';
}

function pauseMs(count: number): number {
  return Math.min(LONGEST_PAUSE_MS, 100 * 4 ** Math.min(count - 1, 10));
}
