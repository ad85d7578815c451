import { ServiceError } from '@plumbline/errors';
import { VersionStatistics } from '../batching/statistics.ts';
import type { HeldVersion, ServingVersion, VersionFacts } from './find-version.ts';
import { retryDelayMs, type Standing } from './plan-versions.ts';
import type { ListedVersion, LoadFailure } from '../traffic.ts';

export interface HeldVersionsOptions {
  /**
   * Loads a version and puts a batcher before it, which counts its work in the statistics. Ends in bounded time, and at
   * once when the signal fires.
   */
  readonly load: (
    version: ListedVersion,
    statistics: VersionStatistics,
    signal: AbortSignal,
  ) => Promise<ServingVersion>;
  readonly nowMs: () => number;
  /** Told of what no load should ever reject with; its version is reported as INTERNAL. */
  readonly onUnexpected: (digest: string, error: unknown) => void;
  /** Told whenever a version has become ready or failed, was unloaded for memory, or has gone. */
  readonly onChange: (digest: string, standing: Standing['state'] | 'GONE', failure?: LoadFailure) => void;
}

export interface Held extends HeldVersion {
  version: ListedVersion;
  standing: Standing;
  serving: ServingVersion | undefined;
  facts: VersionFacts | undefined;
  failure: LoadFailure | undefined;
  /** Kept while it is unloaded for memory, and while it then cannot be loaded. */
  statistics: VersionStatistics | undefined;
  attempts: number;
}

/**
 * What this replica has or tries to have, by digest, and the single steps of a version. Owns every batcher from its load
 * until it is closed; decides nothing. Each step takes effect at once and resolves when it is through.
 */
export class HeldVersions {
  readonly byDigest = new Map<string, Held>();
  /** No longer held, or held without it, and finishing what it has. */
  readonly leaving = new Set<Held>();
  readonly #options: HeldVersionsOptions;

  constructor(options: HeldVersionsOptions) {
    this.#options = options;
  }

  get all(): Held[] {
    return [...this.byDigest.values()];
  }

  stateOf(digest: string): Standing['state'] | undefined {
    return this.byDigest.get(digest)?.standing.state;
  }

  stand(digest: string, standing: Standing): void {
    const held = this.byDigest.get(digest);
    if (held !== undefined) held.standing = standing;
  }

  /** Takes note of what a version that is held is called now. */
  rename(version: ListedVersion): void {
    const held = this.byDigest.get(version.digest);
    if (held !== undefined) held.version = version;
  }

  /** Takes note that there is no memory for a version that was never loaded. */
  postpone(version: ListedVersion): void {
    this.#hold(version, { state: 'EVICTED', verified: false });
  }

  /** @param onLoaded called with what was loaded, before anybody is told. */
  async load(
    version: ListedVersion,
    signal: AbortSignal,
    onLoaded: (serving: ServingVersion) => void,
  ): Promise<void> {
    const attempts = this.#nextAttempt(version);
    const held = this.#hold(version, { state: 'LOADING' });
    const statistics = held.statistics ?? new VersionStatistics();
    try {
      held.serving = await this.#options.load(version, statistics, signal);
      held.statistics = statistics;
      held.facts = factsOf(held.serving);
      held.standing = { state: 'READY' };
      onLoaded(held.serving);
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(held, attempts, this.#failureOf(version.digest, error));
    }
    this.#options.onChange(version.digest, held.standing.state, held.failure);
  }

  /** Gives up a version that takes more than the whole budget; tried again like any failure. */
  async refuse(version: ListedVersion): Promise<void> {
    const attempts = this.#nextAttempt(version);
    const held = this.#hold(version, { state: 'LOADING' });
    const detail = 'the version takes more memory than the whole budget';
    this.#fail(held, attempts, { digest: version.digest, reason: 'MEMORY_BUDGET', detail });
    await Promise.resolve(); // Whoever is told may change the listing: not amidst the steps towards it.
    this.#options.onChange(version.digest, 'FAILED', held.failure);
  }

  /** Forgets that the load failed, so that it is due again. What was loaded once stands as if unloaded for memory. */
  retry(digest: string): void {
    const held = this.byDigest.get(digest);
    if (held?.standing.state !== 'FAILED') return;
    this.byDigest.delete(digest);
    if (held.statistics === undefined) return;
    const { version, statistics } = held;
    this.#hold(version, { state: 'EVICTED', verified: false }).statistics = statistics;
  }

  /** Takes the version's memory, once its requests are answered. */
  async evict(digest: string): Promise<void> {
    const held = this.byDigest.get(digest);
    if (held === undefined) return;
    const leaving = { ...held };
    held.serving = undefined;
    held.standing = { state: 'EVICTED', verified: true };
    await this.#leave(leaving);
    this.#options.onChange(digest, 'EVICTED');
  }

  /** Gives up a version that has nothing to close. */
  async forget(digest: string): Promise<void> {
    this.byDigest.delete(digest);
    await Promise.resolve(); // Whoever is told may change the listing: not amidst the steps towards it.
    this.#options.onChange(digest, 'GONE');
  }

  async unload(digest: string): Promise<void> {
    const held = this.byDigest.get(digest);
    if (held === undefined) return;
    this.byDigest.delete(digest);
    await this.#leave(held);
    this.#options.onChange(digest, 'GONE');
  }

  /** Answers what has been accepted and closes everything. */
  async close(): Promise<void> {
    await Promise.all(this.all.map(async ({ serving }) => serving?.batcher.close()));
    this.byDigest.clear();
  }

  async #leave(held: Held): Promise<void> {
    this.leaving.add(held);
    await held.serving?.batcher.close();
    this.leaving.delete(held);
  }

  #hold(version: ListedVersion, standing: Standing): Held {
    const before = this.byDigest.get(version.digest);
    const waking = before?.standing.state === 'EVICTED';
    const held = {
      version,
      standing,
      serving: undefined,
      facts: before?.facts,
      waking,
      failure: undefined,
      statistics: before?.statistics,
      attempts: 0,
    };
    this.byDigest.set(version.digest, held);
    return held;
  }

  #nextAttempt({ digest }: ListedVersion): number {
    return (this.byDigest.get(digest)?.attempts ?? 0) + 1;
  }

  #fail(held: Held, attempts: number, failure: LoadFailure): void {
    held.attempts = attempts;
    held.failure = failure;
    held.facts = undefined;
    held.standing = { state: 'FAILED', retryAtMs: this.#options.nowMs() + retryDelayMs(attempts) };
  }

  #failureOf(digest: string, error: unknown): LoadFailure {
    if (error instanceof ServiceError) return { digest, reason: error.reason, detail: error.message };
    this.#options.onUnexpected(digest, error);
    return { digest, reason: 'INTERNAL', detail: 'the load failed unexpectedly' };
  }
}

/** Without what takes memory. */
function factsOf(serving: ServingVersion): VersionFacts {
  const { batcher: _batcher, statistics: _statistics, memory: _memory, ...facts } = serving;
  return facts;
}
