import { ServiceError } from '@plumbline/errors';
import type { AdmittedRequest } from './admit-request.ts';
import { copyInto, layOutBatch } from './batch-buffer.ts';
import { BatchQueue, type Lapse, type SealedBatch, type Slice } from './batch-queue.ts';
import { CostModel } from './cost-model.ts';
import { errors } from './errors.ts';
import type { QueuePolicy, QueueSettings } from './model-settings.ts';
import { PendingRequest, type InferAnswer, type InferLimits } from './pending-request.ts';
import { levelOf, queueTimeoutUs } from './queue-policy.ts';
import { RunnerLost, RunTimedOut, type Batch, type BatchResult, type Runner } from './runner.ts';
import type { RunnerPool } from './runner-pool.ts';
import { hasRows, type ModelSignature } from './signature.ts';

export interface BatcherOptions {
  readonly signature: ModelSignature;
  /** Whether rows of several requests may share a batch; otherwise every request runs alone, whole. */
  readonly together: boolean;
  readonly maxBatchRows: number;
  readonly maxQueuedRows: number;
  readonly queue: QueueSettings;
  /** Milliseconds, monotonic: the clock of every deadline here. */
  readonly nowMs: () => number;
  /** Calls back once the requests that have arrived by now are all in: they then share one batch. */
  readonly soon: (callback: () => void) => void;
}

export interface BatcherCounts {
  readonly requests: number;
  readonly rows: number;
  readonly batches: number;
}

type Sealed = SealedBatch<PendingRequest>;

/**
 * Runs the requests of one version in batches. A batch is sealed only when a runner is free, so under load it holds
 * all that waits, and without load nobody waits. Every caller gets exactly its own rows or an error.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  readonly #pool: RunnerPool;
  readonly #queue: BatchQueue<PendingRequest>;
  readonly #maxUnits: number;
  readonly #rowed: boolean;
  readonly #cost = new CostModel();
  readonly #lastEndMs = new WeakMap<Runner, number>();
  readonly #outstanding = new Set<PendingRequest>();
  /** Slices of batches that the engine refused: each is run again by itself. */
  readonly #suspects: Slice<PendingRequest>[] = [];
  #pumping = false;
  #closed = false;
  #idle: (() => void) | undefined;
  #counts = { requests: 0, rows: 0, batches: 0 };

  constructor(options: BatcherOptions, makePool: (onFree: () => void) => RunnerPool) {
    this.#options = options;
    this.#maxUnits = options.together ? options.maxBatchRows : 1;
    this.#rowed = hasRows(options.signature);
    this.#queue = new BatchQueue({
      maxRows: this.#maxUnits,
      capacityRows: options.maxQueuedRows,
      policies: options.queue.policies,
      drop: (item, lapse) => this.#drop(item, lapse),
      watch: (item, leave) => item.signal?.addEventListener('abort', leave, { once: true }),
    });
    this.#pool = makePool(() => this.#pumpSoon());
  }

  get counts(): BatcherCounts {
    return this.#counts;
  }

  get queuedRows(): number {
    return this.#queue.rows;
  }

  /**
   * Queues a request. The answer rejects with DEADLINE_EXPIRED or REQUEST_CANCELLED when it leaves the queue unrun,
   * with INFERENCE_FAILED, INFERENCE_TIMEOUT, RUNNER_LOST or OUTPUT_ROWS_MISMATCH when it ran.
   * @throws ServiceError QUEUE_FULL, DEADLINE_UNREACHABLE, DEADLINE_EXPIRED, RUNNER_LOST or VERSION_CLOSED at once.
   * @param limits `deadlineMs` on the clock of `nowMs`.
   */
  infer(request: AdmittedRequest, limits: InferLimits): Promise<InferAnswer> {
    const nowMs = this.#options.nowMs();
    const { queue, together } = this.#options;
    const level = levelOf(queue, limits.priority);
    const timeoutUs = queueTimeoutUs(queue.policies[level] as QueuePolicy, limits.timeoutUs);
    const item = new PendingRequest(
      request,
      together ? request.rows : 1,
      limits,
      { level, timeoutUs },
      nowMs,
    );
    this.#refuseHopeless(item, nowMs);
    if (!this.#queue.offer(item, nowMs)) {
      throw errors.QUEUE_FULL(`${this.#queue.rows} rows wait already`, {
        retryAfterMs: this.#retryAfterMs(),
      });
    }
    this.#outstanding.add(item);
    this.#pumpSoon();
    return item.answer;
  }

  /** Answers what has been accepted, then closes the runners. Later requests are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#outstanding.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await this.#pool.close();
  }

  /** When what waits now will have run. */
  #retryAfterMs(): number {
    return Math.max(1, Math.ceil(this.#cost.drainMs(this.#queue.rows, this.#maxUnits)));
  }

  #refuseHopeless(item: PendingRequest, nowMs: number): void {
    if (this.#closed) throw errors.VERSION_CLOSED('the version takes no new requests');
    const { live, underWay } = this.#pool;
    if (live === 0) throw errors.RUNNER_LOST('the runner is being started again', { retryAfterMs: 100 });
    if (nowMs >= item.deadlineMs) throw errors.DEADLINE_EXPIRED('the deadline had passed on arrival');
    // Without work ahead an estimate is not needed, and one that is far too high could never be corrected.
    if (underWay + this.#queue.rows === 0) return;
    const expectedMs = this.#cost.drainMs(this.#queue.rows + item.rows, this.#maxUnits) / live;
    if (nowMs + expectedMs <= item.deadlineMs) return;
    throw errors.DEADLINE_UNREACHABLE(`the answer would take about ${Math.ceil(expectedMs)} ms`);
  }

  #drop(item: PendingRequest, lapse: Lapse): void {
    item.fail(this.#lapseError(lapse));
    this.#leave(item);
  }

  #lapseError(lapse: Lapse): ServiceError {
    if (lapse === 'expired') return errors.DEADLINE_EXPIRED('the deadline passed in the queue');
    if (lapse === 'cancelled') return errors.REQUEST_CANCELLED('the caller went away');
    return errors.QUEUE_TIMEOUT('the request waited too long', { retryAfterMs: this.#retryAfterMs() });
  }

  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#options.soon(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#pool.live === 0) this.#queue.sweep(this.#options.nowMs());
    for (let runner = this.#nextRunner(); runner !== undefined; runner = this.#nextRunner()) {
      const sealed = this.#nextBatch();
      if (sealed === undefined) {
        this.#pool.release(runner);
        return;
      }
      void this.#run(runner, sealed);
    }
  }

  #nextRunner(): Runner | undefined {
    return this.#queue.rows + this.#suspects.length === 0 ? undefined : this.#pool.acquire();
  }

  #nextBatch(): Sealed | undefined {
    const suspect = this.#suspects.shift();
    if (suspect === undefined) return this.#queue.seal(this.#options.nowMs());
    return { slices: [{ ...suspect, atRow: 0 }], rows: suspect.rows };
  }

  async #run(runner: Runner, sealed: Sealed): Promise<void> {
    const sealedMs = this.#options.nowMs();
    for (const { item } of sealed.slices) item.markSealed(sealedMs);
    let result: BatchResult;
    try {
      result = await runner.run(this.#assemble(sealed));
    } catch (error) {
      if (error instanceof RunnerLost) this.#pool.lose(runner, error);
      else this.#pool.release(runner);
      this.#fail(sealed, error);
      return;
    }
    this.#observe(runner, sealed, sealedMs);
    this.#pool.release(runner);
    this.#answer(sealed, result);
  }

  /** A batch handed over behind another begins when that ends: only then does its own time count. */
  #observe(runner: Runner, sealed: Sealed, sealedMs: number): void {
    const nowMs = this.#options.nowMs();
    this.#cost.observe(sealed.rows, nowMs - Math.max(sealedMs, this.#lastEndMs.get(runner) ?? 0));
    this.#lastEndMs.set(runner, nowMs);
  }

  /** Copies every slice to its rows of one aligned buffer. */
  #assemble({ slices, rows }: Sealed): Batch {
    const { signature, together } = this.#options;
    const { shapes } = (slices[0] as Sealed['slices'][0]).item.request;
    const batch = together
      ? layOutBatch(
          signature,
          shapes.map((shape) => [rows, ...shape.slice(1)]),
          rows,
        )
      : layOutBatch(signature, shapes, this.#rowed ? shapes[0]?.[0] : undefined);
    const target = new Uint8Array(batch.buffer);
    for (let input = 0; input < batch.inputs.length; input++) {
      const { offsetBytes } = batch.inputs[input] as Batch['inputs'][0];
      for (const { item, fromRow, rows: sliceRows, atRow } of slices) {
        const raw = item.request.inputs[input] as Uint8Array;
        const rowBytes = raw.length / item.rows;
        copyInto(target, raw, fromRow * rowBytes, sliceRows * rowBytes, offsetBytes + atRow * rowBytes);
      }
    }
    return batch;
  }

  #answer(sealed: Sealed, result: BatchResult): void {
    const [first] = sealed.slices;
    const batchRows = this.#options.together ? sealed.rows : (first?.item.request.rows ?? 0);
    if (this.#rowed && result.outputs.some(({ shape }) => shape[0] !== batchRows)) {
      const found = result.outputs.map(({ shape }) => shape[0]).join(', ');
      this.#fail(sealed, errors.OUTPUT_ROWS_MISMATCH(`outputs of ${found} rows for ${batchRows} rows`));
      return;
    }
    this.#counts.batches++;
    this.#counts.rows += batchRows;
    for (const slice of sealed.slices) {
      if (slice.item.settled) continue;
      slice.item.take(slice, sealed.rows, batchRows, result);
      if (slice.item.settled) this.#counts.requests++;
      this.#leave(slice.item);
    }
  }

  #fail({ slices }: Sealed, error: unknown): void {
    if (slices.length > 1 && !(error instanceof RunnerLost)) {
      this.#suspects.push(...slices);
      this.#pumpSoon();
      return;
    }
    const failure = failureOf(error);
    for (const { item } of slices) {
      item.fail(failure);
      this.#leave(item);
    }
  }

  #leave(item: PendingRequest): void {
    if (item.settled) this.#outstanding.delete(item);
    if (this.#closed && this.#outstanding.size === 0) this.#idle?.();
  }
}

function failureOf(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof RunTimedOut) return errors.INFERENCE_TIMEOUT(error.message, { cause: error });
  return error instanceof RunnerLost
    ? errors.RUNNER_LOST('the runner ended during the batch', { retryAfterMs: 100, cause: error })
    : errors.INFERENCE_FAILED('the engine refused the request', { cause: error });
}
