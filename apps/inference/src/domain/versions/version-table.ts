import { hasReason } from '@plumbline/errors';
import {
  describeByName,
  findByDigest,
  findByName,
  type DescribedVersion,
  type FoundVersion,
  type VersionView,
} from './find-version.ts';
import { HeldVersions } from './held-versions.ts';
import { indexModels } from './model-index.ts';
import type { Listing, LoadFailure } from '../traffic.ts';
import { goesOnAnswering, reportOf, type VersionReport } from './version-reports.ts';
import { VersionSteps, type VersionTableOptions } from './version-steps.ts';

const NOTHING: Listing = { epoch: 0n, versions: [], champions: new Map() };

/** The versions of this replica: follows a listing, and finds and tells of what is held. */
export class VersionTable {
  readonly #held: HeldVersions;
  readonly #steps: VersionSteps;
  #listing: Listing = NOTHING;
  #view: VersionView;

  constructor(options: VersionTableOptions) {
    this.#held = new HeldVersions(options);
    this.#steps = new VersionSteps(options, this.#held);
    this.#view = { listing: undefined, held: this.#held.byDigest, index: indexModels(NOTHING, []) };
  }

  get listing(): Listing {
    return this.#listing;
  }

  /** Takes up a listing and takes the first steps towards it. */
  follow(listing: Listing): void {
    this.#listing = listing;
    for (const version of listing.versions) this.#held.rename(version);
    const listed = new Set(listing.versions.map(({ digest }) => digest));
    // What is no longer listed only grows less until the next listing.
    const leaving = this.#held.all.flatMap(({ version }) => (listed.has(version.digest) ? [] : [version]));
    const index = indexModels(listing, leaving);
    this.#view = { listing, held: this.#held.byDigest, index };
    this.#steps.follow(index.listed);
  }

  /** Takes the steps that are due: loads, retries, drains, unloads. Loads go on behind it. */
  advance(): void {
    this.#steps.advance();
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

  /** As VersionSteps.demand. */
  demand(digests: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#steps.demand(digests, signal);
  }

  /** Of every version that is held, or whose load has failed. */
  reports(): VersionReport[] {
    return this.#held.all.map(reportOf);
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
    return held !== undefined && goesOnAnswering(reportOf(held));
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
    for (const digest of digests) this.#held.retry(digest);
  }

  /** Resolves once the test holds, which is made again after every step; rejects with the signal's reason. */
  until(test: () => boolean, signal: AbortSignal): Promise<void> {
    return this.#steps.until(test, signal);
  }

  /** Breaks off loads, answers what has been accepted and closes everything. */
  close(): Promise<void> {
    return this.#steps.close();
  }

  #use(found: FoundVersion): FoundVersion {
    this.#steps.use(found.serving.digest);
    return found;
  }
}
