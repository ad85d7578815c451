import type { Worker } from 'node:worker_threads';
import { checkAbandoned, exhaustion } from '../domain/runners/abandoned-runners.ts';
import type { ToRunner } from './protocol.ts';

export interface AbandonedThreadsOptions {
  /** As many at most; then no further thread is given a model. */
  readonly maxAbandoned: number;
  /** Told of each thread that is abandoned or has ended since, with how many there are now. */
  readonly onAbandoned: (model: string, event: 'abandoned' | 'ended', count: number) => void;
}

/**
 * Threads that nobody waits for any more. They cannot be ended from outside without ending the process, so they are
 * only told to close, which they do if they ever come back; until then they are counted.
 */
export class AbandonedThreads {
  readonly #options: AbandonedThreadsOptions;
  readonly #models = new Map<Worker, string>();

  constructor(options: AbandonedThreadsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#models.size;
  }

  /** Why the model may not have a thread; undefined where it may. */
  exhaustion(model: string): string | undefined {
    return exhaustion([...this.#models.values()], model, this.#options.maxAbandoned);
  }

  /** @throws ServiceError RUNNERS_EXHAUSTED */
  checkOpen(model: string): void {
    checkAbandoned([...this.#models.values()], model, this.#options.maxAbandoned);
  }

  /** @param worker a thread that has not ended. @param model its digest. */
  add(worker: Worker, model: string): void {
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
}
