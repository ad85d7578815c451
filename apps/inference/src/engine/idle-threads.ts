import { Worker } from 'node:worker_threads';
import type { ToRunner } from './protocol.ts';

export interface ThreadOptions {
  /** Module that the thread begins with. */
  readonly entry: URL;
  /** Bound of the thread's JavaScript heap; the engine's own memory does not count. */
  readonly heapMiB: number;
  /** Of the thread and those that the engine starts from it: 0 to 19. */
  readonly niceness: number;
}

/** What a thread is started with. */
export type ThreadData = Pick<ThreadOptions, 'niceness'>;

/** A worker thread of this process. */
export function startThread({ entry, heapMiB, niceness }: ThreadOptions): Worker {
  const workerData: ThreadData = { niceness };
  return new Worker(entry, {
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    stdin: false,
    workerData,
  });
}

/**
 * Threads without a model, kept for the next one: to start a thread and load the runtime takes a hundred times as long
 * as to open a small model. They do not keep the process alive.
 */
export class IdleThreads {
  readonly #options: ThreadOptions;
  readonly #idle = new Map<Worker, () => void>();
  #most: number;

  /** @param most threads that are kept at most. */
  constructor(options: ThreadOptions, most: number) {
    this.#options = options;
    this.#most = most;
  }

  get count(): number {
    return this.#idle.size;
  }

  /** An idle thread, or a new one. */
  take(): Worker {
    const [first] = this.#idle;
    if (first === undefined) return startThread(this.#options);
    const [worker, forget] = first;
    forget();
    worker.ref();
    return worker;
  }

  /** Takes a thread back that has no model and no listeners. */
  give(worker: Worker): void {
    if (this.#idle.size >= this.#most) return end(worker);
    const forget = () => {
      this.#idle.delete(worker);
      worker.off('error', forget).off('exit', forget);
    };
    worker.on('error', forget).on('exit', forget);
    this.#idle.set(worker, forget);
    worker.unref();
  }

  /** Ends what is idle, and from now on whatever is given back. */
  close(): void {
    this.#most = 0;
    for (const [worker, forget] of this.#idle) {
      forget();
      end(worker);
    }
  }
}

function end(worker: Worker): void {
  worker.postMessage({ kind: 'end' } satisfies ToRunner);
}
