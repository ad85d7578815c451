import { Worker } from 'node:worker_threads';
import { elementCount, elementSizeBytes } from '@plumbline/tensors';
import { errors } from '../domain/errors.ts';
import {
  RunFailed,
  RunnerLost,
  type Batch,
  type BatchOutput,
  type BatchResult,
  type ModelFile,
  type Region,
  type Runner,
} from '../domain/runner.ts';
import type { ModelSignature } from '../domain/signature.ts';
import type { AbandonedThreads } from './abandoned-threads.ts';
import type { FromThread, ScanLimits, ToThread } from './protocol.ts';

interface Waiting {
  readonly outputs: readonly (Region | undefined)[];
  readonly resolve: (result: BatchResult) => void;
  readonly reject: (error: unknown) => void;
}

export interface ThreadOptions {
  /** Module that the thread begins with. */
  readonly entry: URL;
  readonly limits: ScanLimits;
  /** Bound of the thread's JavaScript heap; the engine's own memory does not count. */
  readonly heapMiB: number;
  /** Takes the threads that are given up. */
  readonly abandoned: AbandonedThreads;
}

/**
 * A runner on a worker thread. A thread is never terminated: killing one that runs a model would abort the whole
 * process, so it is asked to end, which it does after the runs before. One that may never get there is abandoned.
 */
export class ThreadRunner implements Runner {
  readonly signature: ModelSignature;
  readonly device = 'cpu';
  readonly memoryBytes = 0;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #setAside: () => void;
  #lost: RunnerLost | undefined;
  #closing = false;
  #over = false;
  #nextId = 0;

  private constructor(worker: Worker, signature: ModelSignature, setAside: () => void) {
    this.#worker = worker;
    this.#setAside = setAside;
    this.signature = signature;
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (error) => this.#lose(new RunnerLost('the runner thread failed', { cause: error })));
    worker.on('exit', () => {
      this.#lose(new RunnerLost('the runner thread ended'));
      this.#end();
    });
  }

  /** Starts a thread and opens the model on it. Rejects as Engine.open. */
  static async open(
    model: ModelFile,
    { entry, limits, heapMiB, abandoned }: ThreadOptions,
    signal: AbortSignal,
  ): Promise<ThreadRunner> {
    signal.throwIfAborted();
    abandoned.checkOpen(model.digest);
    const worker = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: heapMiB }, stdin: false });
    const setAside = () => abandoned.add(worker, model.digest);
    const opened = firstMessage(worker, signal, setAside);
    post(worker, { kind: 'open', model, limits, session: { device: 'cpu', intraOpThreads: 1 } });
    const answer = await opened;
    if (answer.kind === 'opened') return new ThreadRunner(worker, answer.signature, setAside);
    post(worker, { kind: 'close' });
    if (answer.kind === 'refused') throw errors[answer.reason](answer.detail);
    throw errors.MODEL_INVALID('the runner thread answered out of turn');
  }

  /** Resolves when the thread has ended or was abandoned. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  run({ buffer, inputs, outputs }: Batch): Promise<BatchResult> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { outputs, resolve, reject });
      post(this.#worker, { kind: 'run', id, buffer, inputs, outputs }, [buffer]);
    });
  }

  async close(): Promise<void> {
    if (!this.#closing && this.#lost === undefined) post(this.#worker, { kind: 'close' });
    this.#closing = true;
    await this.ended;
  }

  abandon(): void {
    if (this.#over) return;
    this.#lose(new RunnerLost('the runner was abandoned'));
    this.#end();
    this.#setAside();
  }

  #end(): void {
    this.#over = true;
    this.#ended.resolve();
  }

  #receive(message: FromThread): void {
    if (message.kind !== 'ran' && message.kind !== 'failed') return;
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (message.kind === 'failed') waiting?.reject(new RunFailed(message.detail));
    else waiting?.resolve({ outputs: this.#outputsOf(message, waiting.outputs), inferUs: message.inferUs });
  }

  #outputsOf(message: Extract<FromThread, { kind: 'ran' }>, regions: Waiting['outputs']): BatchOutput[] {
    return message.outputs.map(({ shape, own }, index) => {
      if (own !== undefined) return { shape, raw: new Uint8Array(own) };
      const size = elementSizeBytes(this.signature.outputs[index]?.datatype ?? 'UINT8');
      const raw = new Uint8Array(message.buffer, regions[index]?.offsetBytes, elementCount(shape) * size);
      return { shape, raw };
    });
  }

  #lose(error: RunnerLost): void {
    this.#lost ??= error;
    const lost = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of lost) reject(this.#lost);
  }
}

function post(worker: Worker, message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
  worker.postMessage(message, [...transfer]);
}

/**
 * The thread's first word; MODEL_INVALID where it ends without one, e.g. because the model exhausted its heap. When
 * the signal fires before, the thread is set aside.
 */
function firstMessage(worker: Worker, signal: AbortSignal, setAside: () => void): Promise<FromThread> {
  const { promise, resolve, reject } = Promise.withResolvers<FromThread>();
  const fail = (cause?: unknown) => {
    reject(errors.MODEL_INVALID('the runner thread ended while it opened the model', { cause }));
  };
  const giveUp = () => {
    reject(signal.reason);
    setAside();
  };
  signal.addEventListener('abort', giveUp);
  worker.once('message', resolve).once('error', fail).once('exit', fail);
  return promise.finally(() => signal.removeEventListener('abort', giveUp));
}
