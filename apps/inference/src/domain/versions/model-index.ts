import { modelKey, type ListedVersion, type Listing, type Owner } from '../traffic.ts';

/** A version under one of its names. */
export interface NamedVersion {
  readonly digest: string;
  readonly owner: Owner;
  /** Whether it is to stay, rather than to go once its requests are answered. */
  readonly listed: boolean;
}

/** What a listing offers, found without a look at the rest of it. */
export interface ModelIndex {
  readonly listed: ReadonlyMap<string, ListedVersion>;
  /** By `modelKey`, the highest number first. */
  readonly byModel: ReadonlyMap<string, readonly NamedVersion[]>;
}

/** @param leaving versions that are held, and no longer listed. */
export function indexModels({ versions }: Listing, leaving: readonly ListedVersion[]): ModelIndex {
  const byModel = new Map<string, NamedVersion[]>();
  const add = ({ digest, owners }: ListedVersion, listed: boolean) => {
    for (const owner of owners) {
      const key = modelKey(owner.tenant, owner.model);
      const named = byModel.get(key);
      if (named === undefined) byModel.set(key, [{ digest, owner, listed }]);
      else named.push({ digest, owner, listed });
    }
  };
  for (const version of versions) add(version, true);
  for (const version of leaving) add(version, false);
  for (const named of byModel.values()) named.sort((left, right) => right.owner.number - left.owner.number);
  return { listed: new Map(versions.map((version) => [version.digest, version])), byModel };
}
