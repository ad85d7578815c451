/** A model that goes on getting stuck must not use up what is left for all others. */
const MAX_PER_MODEL = 2;

/**
 * Why no further runner may be opened on a thread beside those that were abandoned and never ended, each of which holds
 * a core and its memory until the process ends; undefined where one may.
 * @param abandoned digests of their models, one per runner.
 */
export function exhaustion(
  abandoned: readonly string[],
  digest: string,
  maxAbandoned: number,
): string | undefined {
  if (abandoned.length >= maxAbandoned) return `${abandoned.length} runners of this replica never came back`;
  const own = abandoned.filter((other) => other === digest).length;
  return own >= MAX_PER_MODEL ? `${own} runners of this model never came back` : undefined;
}
