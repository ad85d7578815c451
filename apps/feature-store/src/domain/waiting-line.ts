/** Whoever waits for an answer. */
export interface Caller {
  /** Aborts when the caller gives up; its reason is what they hear. */
  readonly signal: AbortSignal;
  remainingMs(): number;
}

/** An item whose turn has come; its owner settles it. */
export interface Waiting<T, R> {
  readonly item: T;
  readonly caller: Caller;
  readonly resolve: (value: R) => void;
  readonly reject: (reason: unknown) => void;
}

interface Entry<T, R> extends Waiting<T, R> {
  readonly giveUp: () => void;
}

/** Items that wait for their turn, first come first served. One whose caller gives up leaves at once. */
export class WaitingLine<T, R> {
  readonly #entries = new Set<Entry<T, R>>();

  get size(): number {
    return this.#entries.size;
  }

  /** Settles as whoever takes the item says; rejects with the reason of the caller's signal when that aborts first. */
  join(item: T, caller: Caller): Promise<R> {
    const { signal } = caller;
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#entries.delete(entry);
        reject(signal.reason as Error);
      };
      const entry = { item, caller, resolve, reject, giveUp };
      if (signal.aborted) return giveUp();
      signal.addEventListener('abort', giveUp, { once: true });
      this.#entries.add(entry);
    });
  }

  /** Takes the first item and those behind it as long as they fit. `fits` is asked in order, the first included. */
  take(fits: (item: T) => boolean): Waiting<T, R>[] {
    const taken: Waiting<T, R>[] = [];
    for (const entry of this.#entries) {
      if (!fits(entry.item) && taken.length > 0) break;
      this.#entries.delete(entry);
      entry.caller.signal.removeEventListener('abort', entry.giveUp);
      taken.push(entry);
    }
    return taken;
  }
}
