/** Where a version stands on this replica. Instants are milliseconds of the monotonic clock. */
export type Standing =
  | { readonly state: 'LOADING' }
  | { readonly state: 'READY' }
  | { readonly state: 'DRAINING'; readonly untilMs: number }
  | { readonly state: 'FAILED'; readonly retryAtMs: number }
  /** Not loaded for want of memory. Verified: it was loaded once, and is again when a request asks for it. */
  | { readonly state: 'EVICTED'; readonly verified: boolean };

/** What to do next, each list by digest. */
export interface VersionPlan {
  /** To be loaded as soon as may be: first those that requests wait for, the longest wait first. */
  readonly due: readonly string[];
  /** Listed again before they were unloaded. */
  readonly revive: readonly string[];
  /** No longer listed: answered until their grace ends, because a gateway may lag behind. */
  readonly drain: readonly string[];
  readonly unload: readonly string[];
  /** Failures and evictions that nobody asks about any more. */
  readonly forget: readonly string[];
}

/**
 * Compares what is listed with what is held. A load under way is broken off by nothing but its own time limit, also
 * when it is no longer listed.
 * @param demands since when requests wait for a version, by digest.
 */
export function planVersions(
  listed: readonly string[],
  held: ReadonlyMap<string, Standing>,
  demands: ReadonlyMap<string, number>,
  nowMs: number,
): VersionPlan {
  const wanted = new Set(listed);
  const pick = (test: (standing: Standing, isWanted: boolean) => boolean) =>
    [...held].filter(([digest, standing]) => test(standing, wanted.has(digest))).map(([digest]) => digest);
  const since = (digest: string) => demands.get(digest) ?? Infinity;
  return {
    due: [...wanted]
      .filter((digest) => isDue(held.get(digest), demands.has(digest), nowMs))
      .sort((left, right) => (since(left) === since(right) ? 0 : since(left) - since(right))),
    revive: pick(({ state }, isWanted) => isWanted && state === 'DRAINING'),
    drain: pick(({ state }, isWanted) => !isWanted && state === 'READY'),
    unload: pick(
      (standing, isWanted) => !isWanted && standing.state === 'DRAINING' && nowMs >= standing.untilMs,
    ),
    forget: pick(({ state }, isWanted) => !isWanted && (state === 'FAILED' || state === 'EVICTED')),
  };
}

function isDue(standing: Standing | undefined, demanded: boolean, nowMs: number): boolean {
  switch (standing?.state) {
    case undefined:
      return true;
    case 'FAILED':
      return nowMs >= standing.retryAtMs;
    case 'EVICTED':
      return demanded || !standing.verified;
    default:
      return false;
  }
}

const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 15 * 60_000;

/** How long a failed load is remembered before the next try: 5 s, doubling to 15 min. `attempts` counts failures. */
export function retryDelayMs(attempts: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), LAST_RETRY_MS);
}
