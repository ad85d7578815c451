import type { Alarm } from '../within.ts';

/** Memory becomes free when requests end, of which nobody is told: so often it is looked at again. */
const LOOK_AGAIN_MS = 25;

/** Versions that somebody waits for, and since when. */
export class Demands {
  readonly #since = new Map<string, { readonly sinceMs: number; waiting: number }>();
  readonly #alarm: Alarm;
  readonly #look: () => void;
  #cancel: (() => void) | undefined;

  /** @param look called from time to time while there is any demand. */
  constructor(alarm: Alarm, look: () => void) {
    this.#alarm = alarm;
    this.#look = look;
  }

  has(digest: string): boolean {
    return this.#since.has(digest);
  }

  /** By digest, the first demand of each. */
  get sinceMs(): ReadonlyMap<string, number> {
    return new Map([...this.#since].map(([digest, { sinceMs }]) => [digest, sinceMs]));
  }

  /** Until what it returns is called. */
  add(digest: string, nowMs: number): () => void {
    const demand = this.#since.get(digest) ?? { sinceMs: nowMs, waiting: 0 };
    demand.waiting++;
    this.#since.set(digest, demand);
    this.#cancel ??= this.#alarm(LOOK_AGAIN_MS, () => this.#again());
    return () => {
      if (--demand.waiting === 0) this.#since.delete(digest);
    };
  }

  #again(): void {
    this.#cancel = undefined;
    if (this.#since.size === 0) return;
    this.#cancel = this.#alarm(LOOK_AGAIN_MS, () => this.#again());
    this.#look();
  }
}
