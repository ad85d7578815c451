import type { Random } from './random.ts';

/**
 * Instants of arrivals of a Poisson process in milliseconds after its start, ascending, without end: callers who know
 * nothing of each other. The gaps are exponential with a mean of 1,000 / `perSecond`.
 */
export function* poissonArrivals(perSecond: number, random: Random): Generator<number, never> {
  if (!(perSecond > 0))
    throw new RangeError(`arrivals come at a positive rate, not at ${perSecond} a second`);
  const meanGapMs = 1_000 / perSecond;
  for (let atMs = 0; ;) {
    // 1 - u lies in (0, 1], whose logarithm is finite.
    atMs -= Math.log(1 - random()) * meanGapMs;
    yield atMs;
  }
}
