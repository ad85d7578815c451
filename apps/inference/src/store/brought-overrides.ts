import type { ObjectStore } from '@plumbline/objects';
import type { ModelOverride } from '../domain/repository/repository.ts';
import { Turns } from '../domain/repository/turns.ts';
import { readOverride, type Override } from './model-override.ts';

/** Of the whole repository: two models may have one content. */
const TURN = 'overrides';

/**
 * What callers put in the place of files, until nobody needs it. Bringing and letting go take turns, so that a content is
 * never removed while it is written again.
 */
export class BroughtOverrides {
  readonly #store: ObjectStore;
  /** By digest, the last override that brought it. */
  readonly #brought = new Map<string, Override>();
  readonly #turns = new Turns();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** Checks and stores. Rejects with MODEL_CONFIG_INVALID, LOAD_PARAMETER_INVALID or what the store rejects with. */
  bring(given: ModelOverride): Promise<Override> {
    return this.#turns.take(TURN, async () => {
      const override = await readOverride(given, this.#store);
      for (const digest of digestsOf(override)) this.#brought.set(digest, override);
      return override;
    });
  }

  /**
   * Removes what was brought until this call, and not again since, but for contents with these digests. What cannot be
   * removed is, by a later call; rejects with what the store rejected with.
   */
  async retain(digests: ReadonlySet<string>): Promise<void> {
    const unneeded = [...this.#brought].filter(([digest]) => !digests.has(digest));
    if (unneeded.length === 0) return;
    await this.#turns.take(TURN, async () => {
      for (const [digest, override] of unneeded) {
        if (this.#brought.get(digest) !== override) continue;
        await this.#store.remove(digest);
        this.#brought.delete(digest);
      }
    });
  }
}

function digestsOf({ files, versions }: Override): string[] {
  return [...files, ...versions.flatMap((version) => version.files)].map(({ digest }) => digest);
}
