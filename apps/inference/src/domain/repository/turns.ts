/** Work under one name goes one after the other, under different names side by side. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Names with work under way or waiting. */
  get size(): number {
    return this.#last.size;
  }

  /** Does the work once all that was given before under the name is over, however it ended. */
  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(work);
    const over = turn
      .catch(() => undefined) // Whoever gave the work is told; the next turn only waits.
      .finally(() => {
        if (this.#last.get(name) === over) this.#last.delete(name);
      });
    this.#last.set(name, over);
    return turn;
  }
}
