import { hasReason, ServiceError } from '@plumbline/errors';
import type { BatcherCounts } from './batcher.ts';
import { Demands } from './demands.ts';
import { errors } from './errors.ts';
import {
  findByDigest,
  findByName,
  type FoundVersion,
  type HeldVersion,
  type ServingVersion,
  type VersionView,
} from './find-version.ts';
import { planVersions, retryDelayMs, type Standing } from './plan-versions.ts';
import type { Listing, ListedVersion, LoadFailure, LoadState, Owner } from './traffic.ts';
import { VersionMemory, type MemoryOptions } from './version-memory.ts';

export interface VersionReport {
  readonly version: ListedVersion;
  readonly state: Standing['state'];
  readonly serving: ServingVersion | undefined;
  readonly failure: LoadFailure | undefined;
  readonly counts: BatcherCounts;
}

export interface VersionTableOptions {
  /** Loads a version and puts a batcher before it. Ends in bounded time, and at once when the signal fires. */
  readonly load: (version: ListedVersion, signal: AbortSignal) => Promise<ServingVersion>;
  readonly nowMs: () => number;
  readonly concurrentLoads: number;
  /** How long a version that is no longer listed still answers; 0 where nobody lags behind the listing. */
  readonly graceMs: number;
  /** Told of what no load should ever reject with; its version is reported as INTERNAL. */
  readonly onUnexpected: (digest: string, error: unknown) => void;
  /** Told whenever a version has become ready or failed, was unloaded for memory, or has gone. */
  readonly onChange: (digest: string, standing: Standing['state'] | 'GONE', failure?: LoadFailure) => void;
  readonly memory: MemoryOptions;
}

interface Held extends HeldVersion {
  version: ListedVersion;
  standing: Standing;
  serving: ServingVersion | undefined;
  failure: LoadFailure | undefined;
  attempts: number;
}

const NO_COUNTS: BatcherCounts = { requests: 0, rows: 0, batches: 0 };
const NOTHING: Listing = { epoch: 0n, versions: [], champions: new Map() };

/** The versions of this replica. Owns every batcher from its load until it is closed. */
export class VersionTable {
  readonly #options: VersionTableOptions;
  readonly #held = new Map<string, Held>();
  /** Unlisted and finishing what they have. */
  readonly #leaving = new Set<Held>();
  readonly #working = new Set<Promise<void>>();
  readonly #waiting = new Set<() => void>();
  readonly #memory: VersionMemory;
  readonly #demands: Demands;
  #listing: Listing = NOTHING;
  readonly #closing = new AbortController();

  constructor(options: VersionTableOptions) {
    this.#options = options;
    this.#memory = new VersionMemory(options.memory);
    this.#demands = new Demands(options.memory.alarm, () => this.advance());
  }

  get listing(): Listing {
    return this.#listing;
  }

  /** Takes up a listing and takes the first steps towards it. */
  follow(listing: Listing): void {
    this.#listing = listing;
    for (const version of listing.versions) {
      const held = this.#held.get(version.digest);
      if (held !== undefined) held.version = version;
    }
    this.advance();
  }

  /** Takes the steps that are due: loads, retries, drains, unloads. Loads go on behind it. */
  advance(): void {
    if (this.#closing.signal.aborted) return;
    const standings = new Map([...this.#held].map(([digest, { standing }]) => [digest, standing]));
    const nowMs = this.#options.nowMs();
    const listed = new Map(this.#listing.versions.map((version) => [version.digest, version]));
    const plan = planVersions([...listed.keys()], standings, this.#demands.sinceMs, nowMs);
    for (const digest of plan.revive) this.#stand(digest, { state: 'READY' });
    for (const digest of plan.drain) {
      this.#stand(digest, { state: 'DRAINING', untilMs: nowMs + this.#options.graceMs });
    }
    for (const digest of plan.forget) this.#held.delete(digest);
    for (const digest of plan.unload) this.#work(this.#unload(digest));
    this.#loadDue(
      plan.due.map((digest) => listed.get(digest) as ListedVersion),
      nowMs,
    );
    if (plan.drain.length > 0 && this.#options.graceMs === 0) this.advance();
    for (const wake of [...this.#waiting]) wake();
  }

  /** As findByDigest. */
  byDigest(tenant: string, digest: string, model: string): FoundVersion {
    return this.#use(findByDigest(this.#view(), tenant, digest, model));
  }

  /** As findByName. */
  byName(tenant: string, model: string, version: string): FoundVersion {
    return this.#use(findByName(this.#view(), tenant, model, version));
  }

  /**
   * What `find` finds; where that was unloaded for memory, it is loaded again first.
   * @param signalOf gives the signal that ends the wait; asked for only where there is one.
   * @throws ServiceError as `find`; MODEL_UNLOADED where there is no memory before the signal fires.
   */
  awaken(find: () => FoundVersion, signalOf: () => AbortSignal): FoundVersion | Promise<FoundVersion> {
    try {
      return find();
    } catch (error) {
      const digest = hasReason(error, 'MODEL_UNLOADED') ? error.metadata['digest'] : undefined;
      if (digest === undefined) throw error;
      return this.demand([digest], signalOf()).then(
        () => this.awaken(find, signalOf),
        () => Promise.reject(error),
      );
    }
  }

  /**
   * Resolves once every one of the versions answers, has failed or is no longer listed; those that were unloaded for
   * memory are loaded again, before versions that nobody waits for. Rejects with the signal's reason.
   */
  async demand(digests: readonly string[], signal: AbortSignal): Promise<void> {
    const nowMs = this.#options.nowMs();
    const releases = digests.map((digest) => this.#demands.add(digest, nowMs));
    try {
      this.advance();
      await this.until(() => digests.every((digest) => this.#isDecided(digest)), signal);
    } finally {
      for (const release of releases) release();
    }
  }

  /** A tenant's versions of a model, newest first. */
  versionsOf(tenant: string, model: string): { readonly report: VersionReport; readonly owner: Owner }[] {
    return this.reports()
      .flatMap((report) => report.version.owners.map((owner) => ({ report, owner })))
      .filter(({ owner }) => owner.tenant === tenant && owner.model === model)
      .sort((left, right) => right.owner.number - left.owner.number);
  }

  reports(): VersionReport[] {
    return [...this.#held.values()].map(({ version, standing, serving, failure }) => ({
      version,
      state: standing.state,
      serving,
      failure,
      counts: serving?.batcher.counts ?? NO_COUNTS,
    }));
  }

  /** The versions that answer, and those that could not be loaded. */
  get loadState(): LoadState {
    const held = [...this.#held];
    return {
      loadedDigests: held.flatMap(([digest]) => (this.answers(digest) ? [digest] : [])),
      failures: held.flatMap(([, { failure }]) => (failure === undefined ? [] : [failure])),
    };
  }

  /** True when every listed version answers, has failed, or has no memory to be loaded. */
  get settled(): boolean {
    return this.#listing.versions.every(({ digest }) => {
      const state = this.#held.get(digest)?.standing.state;
      return state === 'READY' || state === 'FAILED' || state === 'EVICTED';
    });
  }

  /** True when the version answers and goes on answering, be it after it has been loaded again. */
  answers(digest: string): boolean {
    const standing = this.#held.get(digest)?.standing;
    return standing?.state === 'READY' || (standing?.state === 'EVICTED' && standing.verified);
  }

  /** Why the version could not be loaded; undefined where it could, or nobody tried. */
  failureOf(digest: string): LoadFailure | undefined {
    return this.#held.get(digest)?.failure;
  }

  /** True while any version of the tenant's model is held, or has requests to finish. */
  holds(tenant: string, model: string): boolean {
    return [...this.#held.values(), ...this.#leaving].some(({ version }) =>
      version.owners.some((owner) => owner.tenant === tenant && owner.model === model),
    );
  }

  /** Forgets that loads of these versions failed: they are due again. */
  retry(digests: readonly string[]): void {
    for (const digest of digests) {
      if (this.#held.get(digest)?.standing.state === 'FAILED') this.#held.delete(digest);
    }
  }

  /** Resolves once the test holds, which is made again after every step; rejects with the signal's reason. */
  async until(test: () => boolean, signal: AbortSignal): Promise<void> {
    while (!test()) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
  }

  /** Breaks off loads, answers what has been accepted and closes everything. */
  async close(): Promise<void> {
    this.#closing.abort(errors.VERSION_CLOSED('the replica is stopping'));
    await Promise.all(this.#working);
    await Promise.all([...this.#held.values()].map(async ({ serving }) => serving?.batcher.close()));
    this.#held.clear();
  }

  #loadDue(due: readonly ListedVersion[], nowMs: number): void {
    const held = [...this.#held.values()];
    const loading = held.filter(({ standing }) => standing.state === 'LOADING').length;
    const { admit, evict, refuse, wait } = this.#memory.plan({
      due,
      held,
      leaving: [...this.#leaving],
      isDemanded: (digest) => this.#demands.has(digest),
      slots: this.#options.concurrentLoads - loading,
      nowMs,
    });
    for (const digest of evict) this.#work(this.#evict(digest));
    for (const version of due) {
      const { digest } = version;
      if (admit.includes(digest)) this.#work(this.#load(version));
      else if (refuse.includes(digest)) this.#work(this.#refuse(version));
      else if (wait.includes(digest) && !this.#held.has(digest)) {
        this.#held.set(digest, heldAs(version, { state: 'EVICTED', verified: false }));
      }
    }
  }

  async #load(version: ListedVersion): Promise<void> {
    const attempts = (this.#held.get(version.digest)?.attempts ?? 0) + 1;
    const held = heldAs(version, { state: 'LOADING' });
    this.#held.set(version.digest, held);
    try {
      held.serving = await this.#options.load(version, this.#closing.signal);
      held.standing = { state: 'READY' };
      this.#memory.measure(held.serving, this.#options.nowMs(), this.#known());
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#fail(held, attempts, this.#failureOf(version.digest, error));
    }
    this.#options.onChange(version.digest, held.standing.state, held.failure);
  }

  /** The version takes more than the budget, by itself. Tried again like any failure: the budget may be another then. */
  async #refuse(version: ListedVersion): Promise<void> {
    const attempts = (this.#held.get(version.digest)?.attempts ?? 0) + 1;
    const held = heldAs(version, { state: 'LOADING' });
    this.#held.set(version.digest, held);
    const detail = 'the version takes more memory than the whole budget of a device';
    this.#fail(held, attempts, { digest: version.digest, reason: 'MEMORY_BUDGET', detail });
    await Promise.resolve(); // Whoever is told may change the listing: not amidst the steps towards it.
    this.#options.onChange(version.digest, 'FAILED', held.failure);
  }

  /** Takes the version's memory; its requests are answered first. */
  async #evict(digest: string): Promise<void> {
    const held = this.#held.get(digest);
    if (held?.serving === undefined) return;
    const leaving = { ...held };
    held.serving = undefined;
    held.standing = { state: 'EVICTED', verified: true };
    this.#leaving.add(leaving);
    await leaving.serving?.batcher.close();
    this.#leaving.delete(leaving);
    this.#options.onChange(digest, 'EVICTED');
  }

  #fail(held: Held, attempts: number, failure: LoadFailure): void {
    held.attempts = attempts;
    held.failure = failure;
    held.standing = { state: 'FAILED', retryAtMs: this.#options.nowMs() + retryDelayMs(attempts) };
  }

  async #unload(digest: string): Promise<void> {
    const held = this.#held.get(digest);
    if (held === undefined) return;
    this.#held.delete(digest);
    this.#leaving.add(held);
    await held.serving?.batcher.close();
    this.#leaving.delete(held);
    this.#options.onChange(digest, 'GONE');
  }

  #failureOf(digest: string, error: unknown): LoadFailure {
    if (error instanceof ServiceError) return { digest, reason: error.reason, detail: error.message };
    this.#options.onUnexpected(digest, error);
    return { digest, reason: 'INTERNAL', detail: 'the load failed unexpectedly' };
  }

  #use(found: FoundVersion): FoundVersion {
    this.#memory.use(found.serving.digest, this.#options.nowMs());
    return found;
  }

  #isDecided(digest: string): boolean {
    const held = this.#held.get(digest);
    if (held?.serving !== undefined || held?.standing.state === 'FAILED') return true;
    return !this.#listing.versions.some((version) => version.digest === digest);
  }

  #known(): ReadonlySet<string> {
    return new Set([...this.#held.keys(), ...this.#listing.versions.map(({ digest }) => digest)]);
  }

  #view(): VersionView {
    return { listing: this.#listing === NOTHING ? undefined : this.#listing, held: this.#held };
  }

  #stand(digest: string, standing: Standing): void {
    const held = this.#held.get(digest);
    if (held !== undefined) held.standing = standing;
  }

  /** Keeps track of work behind the table; when it ends, the next step may be due. */
  #work(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#working.delete(tracked);
      this.advance();
    });
    this.#working.add(tracked);
  }
}

function heldAs(version: ListedVersion, standing: Standing): Held {
  return { version, standing, serving: undefined, failure: undefined, attempts: 0 };
}
