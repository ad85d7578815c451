import type { Worker } from 'node:worker_threads';
import { exhaustion } from '../domain/runners/abandoned-runners.ts';
import type { Owner } from '../domain/traffic.ts';
import type { ToRunner } from './protocol.ts';

/** What a thread runs: the digest of the model's file, and whose it is. */
export interface RunModel {
  readonly digest: string;
  readonly owners?: readonly Owner[] | undefined;
}

export interface AbandonedThreadsOptions {
  /** As many at most; then no further thread is given a model. */
  readonly maxAbandoned: number;
  /** Told of each thread that is abandoned or has ended since, with how many there are now. */
  readonly onAbandoned: (model: RunModel, event: 'abandoned' | 'ended', count: number) => void;
}

/**
 * Threads that nobody waits for any more. They cannot be ended from outside without ending the process, so they are
 * only told to close, which they do if they ever come back; until then they are counted.
 */
export class AbandonedThreads {
  readonly #options: AbandonedThreadsOptions;
  readonly #models = new Map<Worker, RunModel>();

  constructor(options: AbandonedThreadsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#models.size;
  }

  /** Why the model may not have a thread; undefined where it may. */
  exhaustion(digest: string): string | undefined {
    return exhaustion(this.#digests(), digest, this.#options.maxAbandoned);
  }

  /** @param worker a thread that has not ended. */
  add(worker: Worker, model: RunModel): void {
    this.#models.set(worker, model);
    worker.unref();
    // A thread that fails has ended as well: "exit" follows and says so.
    worker.on('error', () => undefined);
    worker.once('exit', () => {
      this.#models.delete(worker);
      this.#options.onAbandoned(model, 'ended', this.count);
    });
    worker.postMessage({ kind: 'end' } satisfies ToRunner);
    this.#options.onAbandoned(model, 'abandoned', this.count);
  }

  #digests(): string[] {
    return [...this.#models.values()].map(({ digest }) => digest);
  }
}
