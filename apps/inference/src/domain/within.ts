/** Calls `ring` after so many milliseconds, unless what it returns is called before. */
export type Alarm = (ms: number, ring: () => void) => () => void;

export interface Limit {
  readonly limitMs: number;
  readonly alarm: Alarm;
  /** What the work is given up with at its limit. */
  readonly late: () => Error;
}

/**
 * Does work that may be given up: at its limit, or when `outer` fires. The answer then rejects at once with the
 * reason, whatever the work does; its own signal tells the work to let go of what it holds.
 */
export async function within<T>(
  { limitMs, alarm, late }: Limit,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const limit = new AbortController();
  const { signal } = limit;
  // Not AbortSignal.any: a composite of a signal that lives on, with a listener, is never collected.
  const giveUp = () => limit.abort(outer.reason);
  outer.addEventListener('abort', giveUp);
  const givenUp = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  const cancel = alarm(limitMs, () => limit.abort(late()));
  try {
    return await Promise.race([work(signal), givenUp]);
  } finally {
    cancel();
    outer.removeEventListener('abort', giveUp);
  }
}
