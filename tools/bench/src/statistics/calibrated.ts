import type { Side } from './in-turn.ts';

/** Makes that many requests and answers how many of them were answered a second. */
export type Load = (requests: number) => Promise<number>;

export interface Calibration {
  /** Requests that are in flight; no load is smaller than twice as many, so that they are in flight most of the time. */
  readonly inFlight: number;
  readonly warmSeconds: number;
  readonly roundSeconds: number;
}

/**
 * Warms a load up for at least `warmSeconds`, with twice as many requests each time, and answers a side that makes the
 * same number of requests in every round: as many as took about `roundSeconds` at last.
 */
export async function calibrated(
  load: Load,
  { inFlight, warmSeconds, roundSeconds }: Calibration,
): Promise<Side> {
  let requests = 2 * inFlight;
  let perSecond = await load(requests);
  for (let seconds = 0; seconds < warmSeconds; seconds += requests / perSecond) {
    requests *= 2;
    perSecond = await load(requests);
  }
  const each = Math.max(2 * inFlight, Math.round(perSecond * roundSeconds));
  return () => load(each);
}

/**
 * The load, held to what the server itself counts: `answered` tells how many requests it has answered so far, or
 * undefined where it does not count. Rejects with what `onMismatch` says of the count.
 */
export function counted(
  load: Load,
  answered: () => Promise<number | undefined>,
  onMismatch: (counted: number, requests: number) => Error,
): Load {
  return async (requests) => {
    const before = await answered();
    const perSecond = await load(requests);
    const after = await answered();
    if (before === undefined || after === undefined || after - before === requests) return perSecond;
    throw onMismatch(after - before, requests);
  };
}
