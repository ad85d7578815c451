import type { RepositoryModel } from './repository.ts';

/**
 * Of a folder that is looked at again and again, what two looks in a row agree on: files may be half written, and folders
 * be absent for the moment in which they are replaced.
 */
export class SteadyLook {
  #last = new Map<string, string>();

  /** Takes note of a look that is taken up as it is. */
  begin(found: readonly RepositoryModel[]): void {
    this.#last = new Map(found.map((model) => [model.name, textOf(model)]));
  }

  /** @param before what was taken up before: it stays where this look differs from the last. */
  settle(found: readonly RepositoryModel[], before: ReadonlyMap<string, RepositoryModel>): RepositoryModel[] {
    const last = this.#last;
    this.begin(found);
    const present = found.flatMap((model) =>
      last.get(model.name) === textOf(model) ? model : (before.get(model.name) ?? []),
    );
    const justGone = [...before.values()].filter(({ name }) => last.has(name) && !this.#last.has(name));
    return [...present, ...justGone];
  }
}

function textOf({ versions, problem }: RepositoryModel): string {
  return JSON.stringify([versions.map(({ digest, number }) => [digest, number]), problem?.message]);
}
