/** Where a version stands on this replica. Instants are milliseconds of the monotonic clock. */
export type Standing =
  | { readonly state: 'LOADING' }
  | { readonly state: 'READY' }
  | { readonly state: 'DRAINING'; readonly untilMs: number }
  | { readonly state: 'FAILED'; readonly retryAtMs: number };

/** What to do next, each list by digest. */
export interface VersionPlan {
  readonly load: readonly string[];
  /** Listed again before they were unloaded. */
  readonly revive: readonly string[];
  /** No longer listed: answered until their grace ends, because a gateway may lag behind. */
  readonly drain: readonly string[];
  readonly unload: readonly string[];
  /** Failures that nobody asks about any more. */
  readonly forget: readonly string[];
}

/**
 * Compares what is listed with what is held. At most `concurrentLoads` versions load at once; the others wait for
 * the next plan. A load under way is broken off by nothing but its own time limit, also when it is no longer listed.
 */
export function planVersions(
  listed: readonly string[],
  held: ReadonlyMap<string, Standing>,
  nowMs: number,
  concurrentLoads: number,
): VersionPlan {
  const wanted = new Set(listed);
  const pick = (test: (standing: Standing, isWanted: boolean) => boolean) =>
    [...held].filter(([digest, standing]) => test(standing, wanted.has(digest))).map(([digest]) => digest);
  const loading = pick(({ state }) => state === 'LOADING').length;
  const due = [...wanted].filter((digest) => isDue(held.get(digest), nowMs));
  return {
    load: due.slice(0, Math.max(0, concurrentLoads - loading)),
    revive: pick(({ state }, isWanted) => isWanted && state === 'DRAINING'),
    drain: pick(({ state }, isWanted) => !isWanted && state === 'READY'),
    unload: pick(
      (standing, isWanted) => !isWanted && standing.state === 'DRAINING' && nowMs >= standing.untilMs,
    ),
    forget: pick(({ state }, isWanted) => !isWanted && state === 'FAILED'),
  };
}

function isDue(standing: Standing | undefined, nowMs: number): boolean {
  return standing === undefined || (standing.state === 'FAILED' && nowMs >= standing.retryAtMs);
}

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 15 * 60_000;

/** How long a failed load is remembered before the next try: 5 s, doubling to 15 min. `attempts` counts failures. */
export function retryDelayMs(attempts: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS);
}
