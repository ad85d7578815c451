import { hasReason } from '@plumbline/errors';
import type { WorkCounts } from '../batching/statistics.ts';
import { Demands } from './demands.ts';
import { errors } from '../errors.ts';
import {
  describeByName,
  findByDigest,
  findByName,
  type DescribedVersion,
  type FoundVersion,
  type ServingVersion,
  type VersionView,
} from './find-version.ts';
import { HeldVersions, type HeldVersionsOptions } from './held-versions.ts';
import { indexModels, type ModelIndex } from './model-index.ts';
import { planVersions, type Standing } from './plan-versions.ts';
import { StepWaiters } from './step-waiters.ts';
import type { Listing, ListedVersion, LoadFailure, LoadState, Owner } from '../traffic.ts';
import { VersionMemory, type MemoryOptions } from './version-memory.ts';

export interface VersionReport {
  readonly version: ListedVersion;
  readonly state: Standing['state'];
  readonly serving: ServingVersion | undefined;
  readonly failure: LoadFailure | undefined;
  readonly counts: WorkCounts;
}

export interface VersionTableOptions extends HeldVersionsOptions {
  readonly concurrentLoads: number;
  /** How long a version that is no longer listed still answers; 0 where nobody lags behind the listing. */
  readonly graceMs: number;
  readonly memory: MemoryOptions;
}

const NO_COUNTS: WorkCounts = { requests: 0, rows: 0, batches: 0 };
const NOTHING: Listing = { epoch: 0n, versions: [], champions: new Map() };

/** The versions of this replica: brings what is held to what is listed, within memory, and finds what is asked for. */
export class VersionTable {
  readonly #options: VersionTableOptions;
  readonly #held: HeldVersions;
  readonly #memory: VersionMemory;
  readonly #demands: Demands;
  readonly #waiters = new StepWaiters();
  readonly #working = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #listing: Listing = NOTHING;
  #view: VersionView;

  constructor(options: VersionTableOptions) {
    this.#options = options;
    this.#held = new HeldVersions(options);
    this.#view = { listing: undefined, held: this.#held.byDigest, index: indexModels(NOTHING, []) };
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
      const held = this.#held.byDigest.get(version.digest);
      if (held !== undefined) held.version = version;
    }
    this.#view = { listing, held: this.#held.byDigest, index: this.#index() };
    this.advance();
  }

  /** Takes the steps that are due: loads, retries, drains, unloads. Loads go on behind it. */
  advance(): void {
    if (this.#closing.signal.aborted) return;
    const held = this.#held.byDigest;
    const standings = new Map([...held].map(([digest, { standing }]) => [digest, standing]));
    const nowMs = this.#options.nowMs();
    const listed = new Map(this.#listing.versions.map((version) => [version.digest, version]));
    const plan = planVersions([...listed.keys()], standings, this.#demands.sinceMs, nowMs);
    for (const digest of plan.revive) this.#held.stand(digest, { state: 'READY' });
    for (const digest of plan.drain) {
      this.#held.stand(digest, { state: 'DRAINING', untilMs: nowMs + this.#options.graceMs });
    }
    for (const digest of plan.forget) this.#work(this.#held.forget(digest));
    for (const digest of plan.unload) this.#work(this.#held.unload(digest));
    this.#loadDue(
      plan.due.map((digest) => listed.get(digest) as ListedVersion),
      nowMs,
    );
    if (plan.drain.length > 0 && this.#options.graceMs === 0) this.advance();
    this.#waiters.wake();
  }

  /** As findByDigest, to be used. */
  byDigest(tenant: string, digest: string, model: string): FoundVersion {
    return this.#use(findByDigest(this.#view, tenant, digest, model));
  }

  /** As findByName, to be used. */
  byName(tenant: string, model: string, version: string): FoundVersion {
    return this.#use(findByName(this.#view, tenant, model, version));
  }

  /** As findByName, without any effect on what stays in memory. */
  peek(tenant: string, model: string, version: string): FoundVersion {
    return findByName(this.#view, tenant, model, version);
  }

  /** As describeByName, without any effect on what stays in memory. */
  describe(tenant: string, model: string, version: string): DescribedVersion {
    return describeByName(this.#view, tenant, model, version);
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
    return this.#held.all.map(({ version, standing, serving, failure }) => ({
      version,
      state: standing.state,
      serving,
      failure,
      counts: serving?.batcher.counts ?? NO_COUNTS,
    }));
  }

  /** The versions that answer, and those that could not be loaded. */
  get loadState(): LoadState {
    const { all } = this.#held;
    return {
      loadedDigests: all.map(({ version }) => version.digest).filter((digest) => this.answers(digest)),
      failures: all.flatMap(({ failure }) => failure ?? []),
    };
  }

  /** True when every listed version answers, has failed, or has no memory to be loaded. */
  get settled(): boolean {
    return this.#listing.versions.every(({ digest }) => {
      const state = this.#held.stateOf(digest);
      return state === 'READY' || state === 'FAILED' || state === 'EVICTED';
    });
  }

  /** True when the version answers and goes on answering, be it after it has been loaded again. */
  answers(digest: string): boolean {
    const held = this.#held.byDigest.get(digest);
    return held?.facts !== undefined && held.standing.state !== 'DRAINING';
  }

  /** Why the version could not be loaded; undefined where it could, or nobody tried. */
  failureOf(digest: string): LoadFailure | undefined {
    return this.#held.byDigest.get(digest)?.failure;
  }

  /** True while any version of the tenant's model is held, or has requests to finish. */
  holds(tenant: string, model: string): boolean {
    return [...this.#held.all, ...this.#held.leaving].some(({ version }) =>
      version.owners.some((owner) => owner.tenant === tenant && owner.model === model),
    );
  }

  /** Forgets that loads of these versions failed: they are due again. */
  retry(digests: readonly string[]): void {
    for (const digest of digests) {
      if (this.#held.stateOf(digest) === 'FAILED') this.#held.byDigest.delete(digest);
    }
  }

  /** Resolves once the test holds, which is made again after every step; rejects with the signal's reason. */
  until(test: () => boolean, signal: AbortSignal): Promise<void> {
    return this.#waiters.until(test, signal);
  }

  /** Breaks off loads, answers what has been accepted and closes everything. */
  async close(): Promise<void> {
    this.#closing.abort(errors.VERSION_CLOSED('the replica is stopping'));
    await Promise.all(this.#working);
    await this.#held.close();
  }

  #loadDue(due: readonly ListedVersion[], nowMs: number): void {
    const { all, leaving } = this.#held;
    const loading = all.filter(({ standing }) => standing.state === 'LOADING').length;
    const { admit, evict, refuse, wait } = this.#memory.plan({
      due,
      held: all,
      leaving: [...leaving],
      isDemanded: (digest) => this.#demands.has(digest),
      slots: this.#options.concurrentLoads - loading,
      nowMs,
    });
    for (const digest of evict) this.#work(this.#held.evict(digest));
    for (const version of due) {
      const { digest } = version;
      if (admit.includes(digest)) this.#work(this.#load(version));
      else if (refuse.includes(digest)) this.#work(this.#held.refuse(version));
      else if (wait.includes(digest) && this.#held.stateOf(digest) === undefined)
        this.#held.postpone(version);
    }
  }

  #load(version: ListedVersion): Promise<void> {
    return this.#held.load(version, this.#closing.signal, (serving) =>
      this.#memory.measure(serving, this.#options.nowMs(), this.#known()),
    );
  }

  #use(found: FoundVersion): FoundVersion {
    this.#memory.use(found.serving.digest, this.#options.nowMs);
    return found;
  }

  #isDecided(digest: string): boolean {
    const held = this.#held.byDigest.get(digest);
    if (held?.serving !== undefined || held?.standing.state === 'FAILED') return true;
    return !this.#view.index.listed.has(digest);
  }

  #known(): ReadonlySet<string> {
    return new Set([...this.#held.byDigest.keys(), ...this.#listing.versions.map(({ digest }) => digest)]);
  }

  /** What is no longer listed only grows less until the next listing. */
  #index(): ModelIndex {
    const listed = new Set(this.#listing.versions.map(({ digest }) => digest));
    const held = this.#held.all.map(({ version }) => version);
    return indexModels(
      this.#listing,
      held.filter(({ digest }) => !listed.has(digest)),
    );
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
