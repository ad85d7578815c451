import type { Runner } from './runner.ts';

export interface RunnerPoolOptions {
  /** Makes a runner to replace one that was lost. Rejects when the signal fires: the pool closes. */
  readonly reopen: (signal: AbortSignal) => Promise<Runner>;
  /** Runs that one runner is given at once: 2 hides the way to the runner and back behind the run before. */
  readonly depth: number;
  /** Resolves after so many milliseconds, or early when the pool closes. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Called when a runner has become free, and when one could not be replaced: a time to look at what waits. */
  readonly onFree: () => void;
  /** Told of each loss and each failed attempt to replace a runner. */
  readonly onLoss: (error: unknown) => void;
}

interface Slot {
  runner: Runner | undefined;
  underWay: number;
}

const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 10_000;

/** The runners of one version. A lost runner is replaced, with exponential backoff while that fails. */
export class RunnerPool {
  readonly #slots: Slot[];
  readonly #options: RunnerPoolOptions;
  readonly #closing = new AbortController();
  readonly #replacements = new Set<Promise<void>>();

  constructor(runners: readonly Runner[], options: RunnerPoolOptions) {
    this.#slots = runners.map((runner) => ({ runner, underWay: 0 }));
    this.#options = options;
  }

  /** Runners that live. */
  get live(): number {
    return this.#slots.filter((slot) => slot.runner !== undefined).length;
  }

  get underWay(): number {
    return this.#slots.reduce((sum, slot) => sum + slot.underWay, 0);
  }

  /** A free runner, the least busy first; undefined when none is free. Give it back with `release` or `lose`. */
  acquire(): Runner | undefined {
    let best: Slot | undefined;
    for (const slot of this.#slots) {
      if (slot.runner === undefined || slot.underWay >= this.#options.depth) continue;
      if (best === undefined || slot.underWay < best.underWay) best = slot;
    }
    if (best === undefined) return undefined;
    best.underWay++;
    return best.runner;
  }

  release(runner: Runner): void {
    const slot = this.#slots.find((candidate) => candidate.runner === runner);
    if (slot === undefined) return;
    slot.underWay--;
    this.#options.onFree();
  }

  /** Takes a lost runner out and starts replacing it. Each of its runs under way may report the same loss. */
  lose(runner: Runner, error: unknown): void {
    const slot = this.#slots.find((candidate) => candidate.runner === runner);
    if (slot === undefined) return;
    slot.runner = undefined;
    slot.underWay = 0;
    this.#options.onLoss(error);
    const replacement = this.#replace(slot).finally(() => this.#replacements.delete(replacement));
    this.#replacements.add(replacement);
  }

  /** Closes every runner after what it has under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#replacements);
    await Promise.all(this.#slots.map(async ({ runner }) => runner?.close()));
  }

  async #replace(slot: Slot): Promise<void> {
    const { signal } = this.#closing;
    for (
      let backoffMs = FIRST_BACKOFF_MS;
      !signal.aborted;
      backoffMs = Math.min(backoffMs * 2, LAST_BACKOFF_MS)
    ) {
      await this.#options.delay(backoffMs, signal);
      if (signal.aborted) return;
      try {
        slot.runner = await this.#options.reopen(signal);
        this.#options.onFree();
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.#options.onLoss(error);
        this.#options.onFree();
      }
    }
  }
}
