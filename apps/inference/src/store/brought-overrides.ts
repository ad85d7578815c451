import type { ObjectStore } from '@plumbline/objects';
import { Turns } from '../domain/repository/turns.ts';

/** Of the whole repository: two models may have one content. */
const TURN = 'overrides';

/**
 * What callers put in the place of files, until nobody needs it. Bringing and letting go take turns, so that a content is
 * never removed while it is written again.
 */
export class BroughtOverrides {
  readonly #store: ObjectStore;
  /** By digest, the call that brought it last. */
  readonly #brought = new Map<string, symbol>();
  readonly #turns = new Turns();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /**
   * Stores contents by their digest: all of them, or where that fails or the signal fires, none but those that others brought before. Rejects with
   * what the store rejects with, or the signal's reason.
   */
  bring(contents: ReadonlyMap<string, Uint8Array>, signal: AbortSignal): Promise<void> {
    return this.#turns.take(TURN, async () => {
      const before = new Set(this.#brought.keys());
      const call = Symbol();
      try {
        for (const [digest, content] of contents) {
          signal.throwIfAborted();
          // Also what is stored already: another copy mends one that is corrupt.
          this.#brought.set(digest, call);
          await this.#store.put(content);
        }
      } catch (error) {
        await this.#takeBack([...contents.keys()].filter((digest) => !before.has(digest)));
        throw error;
      }
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
      for (const [digest, call] of unneeded) {
        if (this.#brought.get(digest) === call) await this.#remove(digest);
      }
    });
  }

  /** What cannot be removed now is, like all that nobody needs, by a later `retain`. */
  async #takeBack(digests: readonly string[]): Promise<void> {
    const brought = digests.filter((digest) => this.#brought.has(digest));
    await Promise.allSettled(brought.map((digest) => this.#remove(digest)));
  }

  async #remove(digest: string): Promise<void> {
    await this.#store.remove(digest);
    this.#brought.delete(digest);
  }
}
