import type { Worker } from 'node:worker_threads';
import { RunnerLost } from '../domain/runners/runner.ts';
import type { AbandonedThreads, RunModel } from './abandoned-threads.ts';
import type { IdleThreads } from './idle-threads.ts';
import type { FromRunner, ToRunner } from './protocol.ts';
import type { LinkListener, RunnerLink } from './runner-link.ts';

export const THREAD_ENTRY = new URL('./runner-thread.ts', import.meta.url);

/**
 * The way to a worker thread. A thread is never terminated: killing one that runs a model would abort the whole
 * process, so it is asked to let its model go, which it does after the runs before, and is then there for another. One
 * that may never get there is set aside.
 */
export class ThreadLink implements RunnerLink {
  readonly #worker: Worker;
  readonly #threads: IdleThreads;
  readonly #abandoned: AbandonedThreads;
  readonly #model: RunModel;
  #listener: LinkListener = { message: () => undefined, ended: () => undefined };
  #over = false;

  /** @param model that the thread is for. */
  constructor(threads: IdleThreads, abandoned: AbandonedThreads, model: RunModel) {
    this.#worker = threads.take();
    this.#threads = threads;
    this.#abandoned = abandoned;
    this.#model = model;
    this.#worker.on('message', this.#onMessage).on('error', this.#onError).on('exit', this.#onExit);
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
  }

  post(message: ToRunner): void {
    this.#worker.postMessage(message, message.kind === 'run' ? [message.buffer] : []);
  }

  end(): void {
    if (!this.#over) this.post({ kind: 'close' });
  }

  lastWords(): Promise<string> {
    return Promise.resolve('');
  }

  abandon(): void {
    if (this.#over) return;
    this.#leave();
    this.#abandoned.add(this.#worker, this.#model);
  }

  readonly #onMessage = (message: FromRunner): void => {
    if (message.kind !== 'closed') return this.#listener.message(message);
    if (this.#over) return;
    this.#leave();
    this.#threads.give(this.#worker);
    this.#listener.ended(new RunnerLost('the runner was closed'));
  };

  readonly #onError = (cause: unknown): void => {
    this.#listener.ended(new RunnerLost('the runner thread failed', { cause }));
  };

  readonly #onExit = (): void => {
    this.#leave();
    this.#listener.ended(new RunnerLost('the runner thread ended'));
  };

  #leave(): void {
    this.#over = true;
    this.#worker.off('message', this.#onMessage).off('error', this.#onError).off('exit', this.#onExit);
  }
}
