import { Worker } from 'node:worker_threads';
import { RunnerLost } from '../domain/runner.ts';
import type { AbandonedThreads } from './abandoned-threads.ts';
import type { FromRunner, ToRunner } from './protocol.ts';
import type { LinkListener, RunnerLink } from './runner-link.ts';

export const THREAD_ENTRY = new URL('./runner-thread.ts', import.meta.url);

export interface ThreadLinkOptions {
  /** Module that the thread begins with. */
  readonly entry: URL;
  /** Bound of the thread's JavaScript heap; the engine's own memory does not count. */
  readonly heapMiB: number;
}

/** A worker thread of this process. */
export function startThread({ entry, heapMiB }: ThreadLinkOptions): Worker {
  return new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: heapMiB }, stdin: false });
}

/**
 * The way to a worker thread. A thread is never terminated: killing one that runs a model would abort the whole
 * process, so it is asked to end, which it does after the runs before. One that may never get there is set aside.
 */
export class ThreadLink implements RunnerLink {
  readonly #worker: Worker;
  readonly #abandoned: AbandonedThreads;
  readonly #model: string;
  #listener: LinkListener = { message: () => undefined, ended: () => undefined };
  #over = false;

  /** @param model digest of the model that the thread is for. */
  constructor(options: ThreadLinkOptions, abandoned: AbandonedThreads, model: string) {
    this.#worker = startThread(options);
    this.#abandoned = abandoned;
    this.#model = model;
    this.#worker.on('message', (message: FromRunner) => this.#listener.message(message));
    this.#worker.on('error', (cause) => {
      this.#listener.ended(new RunnerLost('the runner thread failed', { cause }));
    });
    this.#worker.on('exit', () => {
      this.#over = true;
      this.#listener.ended(new RunnerLost('the runner thread ended'));
    });
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
  }

  post(message: ToRunner): void {
    this.#worker.postMessage(message, message.kind === 'run' ? [message.buffer] : []);
  }

  end(): void {
    this.post({ kind: 'close' });
  }

  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#abandoned.add(this.#worker, this.#model);
  }
}
