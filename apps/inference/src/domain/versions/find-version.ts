import type { Batcher } from '../batching/batcher.ts';
import { shorten } from '../errors.ts';
import type { Invariance } from '../loading/invariance.ts';
import { absent, absentName, asleep, notReady } from './absence.ts';
import type { Memory } from './memory-ledger.ts';
import type { ModelIndex, NamedVersion } from './model-index.ts';
import type { ModelSettings } from '../settings/model-settings.ts';
import type { Standing } from './plan-versions.ts';
import type { ModelSignature } from '../signature.ts';
import type { VersionStatistics } from '../batching/statistics.ts';
import { modelKey, type ListedVersion, type Listing, type LoadFailure, type Owner } from '../traffic.ts';

/** What is known of a version from its load on, also while it is unloaded for memory. */
export interface VersionFacts {
  readonly digest: string;
  readonly signature: ModelSignature;
  /** Whether the leading dimension counts rows. */
  readonly rowed: boolean;
  /** Whether requests share batches; otherwise each runs alone, whole. */
  readonly together: boolean;
  readonly invariance: Invariance;
  /** Rows that every batch is filled up to; 0: as many as there are. */
  readonly pinnedRows: number;
  readonly modelBytes: number;
  readonly settings: ModelSettings;
}

/** A version that answers. */
export interface ServingVersion extends VersionFacts {
  readonly statistics: VersionStatistics;
  readonly batcher: Batcher;
  /** What its runners take, as far as it is measured. */
  readonly memory: Memory;
}

/** A version that this replica has or tries to have. */
export interface HeldVersion {
  readonly version: ListedVersion;
  readonly standing: Standing;
  readonly serving: ServingVersion | undefined;
  /** Of its last load, unless one failed since. */
  readonly facts: VersionFacts | undefined;
  /** While it loads: whether it had been unloaded for memory, so that requests wait for it. */
  readonly waking: boolean;
  readonly failure: LoadFailure | undefined;
  /** Of all its work since it was first loaded; undefined until then. */
  readonly statistics: VersionStatistics | undefined;
}

/** A version as a tenant's request found it. */
export interface FoundVersion {
  readonly serving: ServingVersion;
  readonly owner: Owner;
}

/** A version as a question about it found it. */
export interface DescribedVersion {
  readonly facts: VersionFacts;
  readonly owner: Owner;
}

export interface VersionView {
  /** Undefined before the first: then nothing can be said to be absent. */
  readonly listing: Listing | undefined;
  /** Of that listing; of what is not listed, it may name more than is still held. */
  readonly index: ModelIndex;
  readonly held: ReadonlyMap<string, HeldVersion>;
}

/**
 * The version with this digest, if the tenant owns it. Where it does under several names, `model` decides, and then the
 * highest number.
 * @throws ServiceError MODEL_NOT_FOUND; MODEL_UNLOADED where it was unloaded for memory, or never loaded for want of it;
 * MODEL_NOT_READY while it waits, loads, or after it failed; MEMORY_BUDGET where it can never be loaded.
 */
export function findByDigest(view: VersionView, tenant: string, digest: string, model: string): FoundVersion {
  return found(view, lookUpDigest(view, tenant, digest, model));
}

/**
 * The version of a tenant's model: by number or digest, or, where `version` is empty, the one that the listing names
 * champion, else the newest that answers. Where a number has two contents, because one is taking the place of the
 * other, the one that answers and is to stay is preferred; where two numbers have one content, each is found as itself.
 * @throws ServiceError as findByDigest.
 */
export function findByName(view: VersionView, tenant: string, model: string, version: string): FoundVersion {
  return found(view, lookUpName(view, tenant, model, version));
}

/**
 * What is known of the version that findByName finds, also where that is unloaded for memory.
 * @throws ServiceError as findByDigest; MODEL_UNLOADED only for a version that was never loaded.
 */
export function describeByName(
  view: VersionView,
  tenant: string,
  model: string,
  version: string,
): DescribedVersion {
  const name = lookUpName(view, tenant, model, version);
  const facts = view.held.get(name.digest)?.facts;
  return facts === undefined ? describedBy(found(view, name)) : { facts, owner: name.owner };
}

type Name = Pick<NamedVersion, 'digest' | 'owner'>;

function lookUpDigest(view: VersionView, tenant: string, digest: string, model: string): Name {
  const version = view.held.get(digest)?.version ?? view.index.listed.get(digest);
  const owners = newestFirst(version?.owners.filter((owner) => owner.tenant === tenant) ?? []);
  const owner = owners.find((candidate) => candidate.model === model) ?? owners[0];
  if (owner === undefined)
    throw absent(view.listing, `there is no version ${shorten(digest)} here`, { digest });
  return { digest, owner };
}

function lookUpName(view: VersionView, tenant: string, model: string, version: string): Name {
  const key = modelKey(tenant, model);
  const champion = view.listing?.champions.get(key);
  if (version === '' && champion !== undefined) return lookUpDigest(view, tenant, champion, model);
  const asked = (view.index.byModel.get(key) ?? []).filter(
    ({ digest, owner, listed }) =>
      (version === '' || version === digest || version === String(owner.number)) &&
      (listed || view.held.has(digest)),
  );
  const [best] = asked.toSorted((left, right) => rank(view, right) - rank(view, left));
  if (best === undefined) throw absentName(view.listing, key, model, version, view.index.byModel.has(key));
  return best;
}

function found({ held }: VersionView, { digest, owner }: Name): FoundVersion {
  const version = held.get(digest);
  if (version?.serving !== undefined) return { serving: version.serving, owner };
  if (version !== undefined && isAsleep(version)) throw asleep(digest);
  throw notReady(version?.failure, digest);
}

function describedBy({ serving, owner }: FoundVersion): DescribedVersion {
  return { facts: serving, owner };
}

/** Unloaded for memory, or already being loaded again. */
function isAsleep({ standing, waking }: HeldVersion): boolean {
  return standing.state === 'EVICTED' || (standing.state === 'LOADING' && waking);
}

function newestFirst(owners: readonly Owner[]): Owner[] {
  return owners.toSorted((left, right) => right.number - left.number);
}

/** Answers, be it after it has been loaded again, and is listed; answers; or neither. */
function rank({ held }: VersionView, { digest, listed }: NamedVersion): number {
  const version = held.get(digest);
  if (version === undefined || (version.serving === undefined && !isAsleep(version))) return 0;
  return listed ? 2 : 1;
}
