import { ServiceError } from '@plumbline/errors';
import type { BatcherCounts } from './batcher.ts';
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
  /** Told whenever a version has become ready or failed, or has gone. */
  readonly onChange: (digest: string, standing: Standing['state'] | 'GONE', failure?: LoadFailure) => void;
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
  #listing: Listing = NOTHING;
  readonly #closing = new AbortController();

  constructor(options: VersionTableOptions) {
    this.#options = options;
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
    const plan = planVersions([...listed.keys()], standings, nowMs, this.#options.concurrentLoads);
    for (const digest of plan.revive) this.#stand(digest, { state: 'READY' });
    for (const digest of plan.drain) {
      this.#stand(digest, { state: 'DRAINING', untilMs: nowMs + this.#options.graceMs });
    }
    for (const digest of plan.forget) this.#held.delete(digest);
    for (const digest of plan.unload) this.#work(this.#unload(digest));
    for (const digest of plan.load) this.#work(this.#load(listed.get(digest) as ListedVersion));
    if (plan.drain.length > 0 && this.#options.graceMs === 0) this.advance();
    for (const wake of [...this.#waiting]) wake();
  }

  /** As findByDigest. */
  byDigest(tenant: string, digest: string, model: string): FoundVersion {
    return findByDigest(this.#view(), tenant, digest, model);
  }

  /** As findByName. */
  byName(tenant: string, model: string, version: string): FoundVersion {
    return findByName(this.#view(), tenant, model, version);
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
      loadedDigests: held.flatMap(([digest, { standing }]) => (standing.state === 'READY' ? [digest] : [])),
      failures: held.flatMap(([, { failure }]) => (failure === undefined ? [] : [failure])),
    };
  }

  /** True when every listed version either answers or has failed. */
  get settled(): boolean {
    return this.#listing.versions.every(({ digest }) => this.isSettled(digest));
  }

  /** True when the version either answers or has failed. */
  isSettled(digest: string): boolean {
    return this.answers(digest) || this.#held.get(digest)?.standing.state === 'FAILED';
  }

  /** True when the version answers and goes on answering. */
  answers(digest: string): boolean {
    return this.#held.get(digest)?.standing.state === 'READY';
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

  async #load(version: ListedVersion): Promise<void> {
    const attempts = (this.#held.get(version.digest)?.attempts ?? 0) + 1;
    const held: Held = {
      version,
      standing: { state: 'LOADING' },
      serving: undefined,
      failure: undefined,
      attempts,
    };
    this.#held.set(version.digest, held);
    try {
      held.serving = await this.#options.load(version, this.#closing.signal);
      held.standing = { state: 'READY' };
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      held.failure = this.#failureOf(version.digest, error);
      held.standing = { state: 'FAILED', retryAtMs: this.#options.nowMs() + retryDelayMs(attempts) };
    }
    this.#options.onChange(version.digest, held.standing.state, held.failure);
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
