import type { ServiceError } from '@plumbline/errors';
import type { VersionTable } from '../versions/version-table.ts';
import { listModels, type LoadOutcome } from './list-models.ts';
import type { RepositoryModel, RepositoryVersion } from './repository.ts';

export interface ListedModelsOptions {
  readonly table: Pick<VersionTable, 'answers' | 'failureOf' | 'follow'>;
  readonly tenant: string;
  /** Told when a model begins to have a problem. */
  readonly onProblem: (model: string, problem: ServiceError) => void;
}

/**
 * The models of a repository that are to be served, and what of them served before. `review` lists their versions in
 * the version table, each as soon as it may serve and until its successor does.
 */
export class ListedModels {
  readonly #options: ListedModelsOptions;
  readonly #wanted = new Map<string, RepositoryModel>();
  #kept: ReadonlyMap<string, readonly RepositoryVersion[]> = new Map();
  #epoch = 0n;
  #listed = '';

  constructor(options: ListedModelsOptions) {
    this.#options = options;
  }

  get wanted(): ReadonlyMap<string, RepositoryModel> {
    return this.#wanted;
  }

  /** Wants these models and no others. Of one with a problem, what was wanted before is wanted still. */
  replace(models: readonly RepositoryModel[]): void {
    for (const name of this.#wanted.keys()) {
      if (!models.some((model) => model.name === name)) this.#wanted.delete(name);
    }
    for (const model of models) {
      const before = this.#wanted.get(model.name);
      if (model.problem !== undefined && model.problem.message !== before?.problem?.message) {
        this.#options.onProblem(model.name, model.problem);
      }
      const versions = model.problem === undefined ? model.versions : (before?.versions ?? []);
      this.#wanted.set(model.name, { ...model, versions });
    }
  }

  put(model: RepositoryModel): void {
    this.#wanted.set(model.name, model);
  }

  drop(name: string): void {
    this.#wanted.delete(name);
  }

  /** Lists what is wanted, where that or what became of it has changed. */
  review(): void {
    const { table, tenant } = this.#options;
    const { kept, ...listing } = listModels(tenant, [...this.#wanted.values()], this.#kept, (digest) =>
      this.#outcomeOf(digest),
    );
    this.#kept = kept;
    const owned = listing.versions.map(({ digest, owners }) => [digest, owners]);
    const text = JSON.stringify([owned, [...listing.champions], [...listing.problems]]);
    if (text === this.#listed) return;
    this.#listed = text;
    this.#epoch++;
    table.follow({ epoch: this.#epoch, ...listing });
  }

  /** Digests of the files of all that is wanted or serves, and of what else was found. */
  filesNeeded(found: readonly RepositoryModel[] = []): ReadonlySet<string> {
    const wanted = [...found, ...this.#wanted.values()].flatMap((model) => model.versions);
    const versions = [...wanted, ...[...this.#kept.values()].flat()];
    return new Set(versions.flatMap(({ files }) => files.map(({ digest }) => digest)));
  }

  #outcomeOf(digest: string): LoadOutcome {
    const { table } = this.#options;
    if (table.answers(digest)) return 'answers';
    return table.failureOf(digest) === undefined ? 'pending' : 'failed';
  }
}
