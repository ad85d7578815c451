import type { RepositoryModel, RepositoryVersion } from './repository.ts';
import { modelKey, type ListedVersion, type Listing, type ModelProblem } from '../traffic.ts';

/** What became of the load of a version so far. */
export type LoadOutcome = 'pending' | 'answers' | 'failed';

/** Which of a model's versions are listed, and which of them are to serve whatever happens to the others. */
export interface Placement {
  readonly listed: readonly RepositoryVersion[];
  readonly kept: readonly RepositoryVersion[];
  /** Answers requests that name no version; undefined while none answers. */
  readonly champion: RepositoryVersion | undefined;
}

/**
 * Places what is wanted beside what served before. That stays until the fate of all that is wanted is known, and then
 * where nothing wanted answers, or not the version of its own number: so a swap leaves no gap, and a version that fails
 * to load costs nothing.
 */
export function placeModel(
  wanted: readonly RepositoryVersion[],
  kept: readonly RepositoryVersion[],
  outcomeOf: (digest: string) => LoadOutcome,
): Placement {
  const answers = ({ digest }: RepositoryVersion) => outcomeOf(digest) === 'answers';
  const answering = wanted.filter(answers);
  const isPending = wanted.some(({ digest }) => outcomeOf(digest) === 'pending');
  const isReplaced = ({ number }: RepositoryVersion) =>
    answering.length > 0 &&
    !wanted.some((version) => version.number === number && !answering.includes(version));
  const before = kept
    .filter(({ digest, number }) => !wanted.some((own) => own.digest === digest && own.number === number))
    .filter((version) => answers(version) && (isPending || !isReplaced(version)));
  const [champion] = [...newestFirst(answering), ...newestFirst(before)];
  return { listed: [...wanted, ...before], kept: [...answering, ...before], champion };
}

function newestFirst(versions: readonly RepositoryVersion[]): RepositoryVersion[] {
  return versions.toSorted((left, right) => right.number - left.number);
}

/** What a repository lists, and what of each model is to serve whatever happens to the rest. */
export interface PlacedModels extends Required<Omit<Listing, 'epoch'>> {
  readonly kept: ReadonlyMap<string, readonly RepositoryVersion[]>;
}

/** Places every model, as placeModel. A content that several models share is listed once. */
export function listModels(
  tenant: string,
  wanted: readonly RepositoryModel[],
  kept: ReadonlyMap<string, readonly RepositoryVersion[]>,
  outcomeOf: (digest: string) => LoadOutcome,
): PlacedModels {
  const versions = new Map<string, ListedVersion>();
  const champions = new Map<string, string>();
  const problems = new Map<string, ModelProblem>();
  const keptNow = new Map<string, readonly RepositoryVersion[]>();
  for (const { name, versions: own, problem } of wanted) {
    if (problem !== undefined) {
      problems.set(modelKey(tenant, name), { reason: problem.reason, detail: problem.message });
    }
    const placement = placeModel(own, kept.get(name) ?? [], outcomeOf);
    keptNow.set(name, placement.kept);
    if (placement.champion !== undefined) champions.set(modelKey(tenant, name), placement.champion.digest);
    for (const { digest, number, files } of placement.listed) {
      const owners = [...(versions.get(digest)?.owners ?? []), { tenant, model: name, number }];
      versions.set(digest, { digest, files, owners });
    }
  }
  return { versions: [...versions.values()], champions, problems, kept: keptNow };
}
