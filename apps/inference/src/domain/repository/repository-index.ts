import type { Listing } from '../traffic.ts';
import type { RepositoryModel } from './repository.ts';
import type { VersionReport } from '../versions/version-reports.ts';

/** A version of a model, or a model of which no version is known. */
export interface IndexEntry {
  readonly name: string;
  /** Empty: no version. */
  readonly version: string;
  /** Empty: nobody has asked for the model yet. */
  readonly state: 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE' | '';
  /** Why it does not answer, or what is wrong beside that it does. */
  readonly reason: string;
}

/** When one number has two contents, because one takes the other's place, the better state is told. */
const BEST_FIRST: readonly IndexEntry['state'][] = ['READY', 'LOADING', 'UNLOADING', 'UNAVAILABLE', ''];

/** A tenant's versions that are held or wait for their load, each number of a model once. */
export function indexVersions(
  reports: readonly VersionReport[],
  listing: Listing,
  tenant: string,
): IndexEntry[] {
  const held = new Set(reports.map(({ version }) => version.digest));
  const waiting = listing.versions.filter(({ digest }) => !held.has(digest));
  const entries = [
    ...reports.flatMap((report) => report.version.owners.map((owner) => ({ owner, ...stateOf(report) }))),
    ...waiting.flatMap(({ owners }) =>
      owners.map((owner) => ({ owner, state: 'LOADING' as const, reason: '' })),
    ),
  ];
  const best = new Map<string, IndexEntry>();
  for (const { owner, state, reason } of entries) {
    if (owner.tenant !== tenant) continue;
    const entry = { name: owner.model, version: String(owner.number), state, reason };
    const key = `${entry.name}/${entry.version}`;
    best.set(key, better(best.get(key), entry));
  }
  return [...best.values()];
}

/**
 * What a folder holds that no listing names: versions that were withdrawn, models with a problem, and those that nobody
 * has asked for.
 * @param names of all models of the folder.
 * @param withdrawn numbers by model.
 */
export function unservedModels(
  names: readonly string[],
  wanted: ReadonlyMap<string, RepositoryModel>,
  withdrawn: ReadonlyMap<string, readonly number[]>,
): IndexEntry[] {
  const unloaded = [...withdrawn].flatMap(([name, numbers]) =>
    numbers.map((number) => unserved(name, 'UNAVAILABLE', 'unloaded', String(number))),
  );
  const faulty = [...wanted.values()].flatMap(({ name, versions, problem }) =>
    problem === undefined || versions.length > 0
      ? []
      : [unserved(name, 'UNAVAILABLE', `${problem.reason}: ${problem.message}`)],
  );
  const unasked = names.filter((name) => !wanted.has(name) && !withdrawn.has(name));
  return [...unloaded, ...faulty, ...unasked.map((name) => unserved(name, '', ''))];
}

function unserved(name: string, state: IndexEntry['state'], reason: string, version = ''): IndexEntry {
  return { name, version, state, reason };
}

/** By name, then version. */
export function sortIndex(entries: readonly IndexEntry[]): IndexEntry[] {
  return entries.toSorted(
    (left, right) =>
      (left.name < right.name ? -1 : Number(left.name > right.name)) ||
      Number(left.version) - Number(right.version),
  );
}

function better(left: IndexEntry | undefined, right: IndexEntry): IndexEntry {
  if (left === undefined) return right;
  const first = BEST_FIRST.indexOf(left.state) <= BEST_FIRST.indexOf(right.state) ? left : right;
  return { ...first, reason: left.reason || right.reason };
}

function stateOf({ state, failure }: VersionReport): Pick<IndexEntry, 'state' | 'reason'> {
  switch (state) {
    case 'READY':
    case 'LOADING':
      return { state, reason: '' };
    case 'DRAINING':
      return { state: 'UNLOADING', reason: '' };
    case 'EVICTED':
      return { state: 'UNAVAILABLE', reason: 'unloaded for memory' };
    case 'FAILED':
      return { state: 'UNAVAILABLE', reason: `${failure?.reason}: ${failure?.detail}` };
  }
}
