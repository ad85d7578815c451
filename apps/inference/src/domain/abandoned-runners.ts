import { errors } from './errors.ts';

/** A model that goes on getting stuck must not use up what is left for all others. */
const MAX_PER_MODEL = 2;

/**
 * Decides whether one more runner may be opened beside those that were abandoned and never ended: each holds a core
 * and its memory until the process ends.
 * @param abandoned digests of their models, one per runner.
 * @throws ServiceError RUNNERS_EXHAUSTED.
 */
export function checkAbandoned(abandoned: readonly string[], digest: string, maxAbandoned: number): void {
  if (abandoned.length >= maxAbandoned) {
    throw errors.RUNNERS_EXHAUSTED(`${abandoned.length} runners of this replica never came back`);
  }
  const own = abandoned.filter((other) => other === digest).length;
  if (own >= MAX_PER_MODEL) throw errors.RUNNERS_EXHAUSTED(`${own} runners of this model never came back`);
}
