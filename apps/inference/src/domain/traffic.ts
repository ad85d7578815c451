import type { ManifestFile } from '@plumbline/release';

/** Whose a version is, and under which name. One version may belong to several tenants. */
export interface Owner {
  readonly tenant: string;
  readonly model: string;
  /** 1, 2, … per model: OIP's model_version. */
  readonly number: number;
}

/** A version that the registry wants loaded. */
export interface ListedVersion {
  /** Identity: the digest of the manifest of its files. */
  readonly digest: string;
  readonly files: readonly ManifestFile[];
  readonly owners: readonly Owner[];
}

/** What this replica follows, at one epoch. */
export interface Listing {
  readonly epoch: bigint;
  readonly versions: readonly ListedVersion[];
  /** The version that answers for a model when the caller names none, by `modelKey`. */
  readonly champions: ReadonlyMap<string, string>;
  /** Why nothing new of a model can be listed, by `modelKey`. */
  readonly problems?: ReadonlyMap<string, ModelProblem>;
}

/** Why a model or a version cannot be served. */
export interface ModelProblem {
  /** UPPER_SNAKE, from the catalogue. */
  readonly reason: string;
  readonly detail: string;
}

/** By tenant, model and number, ascending; texts by code units. */
export function compareOwners(left: Owner, right: Owner): number {
  return (
    compareText(left.tenant, right.tenant) ||
    compareText(left.model, right.model) ||
    left.number - right.number
  );
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

/** Key of a tenant's model. Tenant names hold no slash. */
export function modelKey(tenant: string, model: string): string {
  return `${tenant}/${model}`;
}

export function parseModelKey(key: string): { readonly tenant: string; readonly model: string } {
  const slash = key.indexOf('/');
  return { tenant: key.slice(0, slash), model: key.slice(slash + 1) };
}

export interface LoadFailure extends ModelProblem {
  readonly digest: string;
}

/** What a replica tells the registry about its versions. */
export interface LoadState {
  readonly loadedDigests: readonly string[];
  readonly failures: readonly LoadFailure[];
}
