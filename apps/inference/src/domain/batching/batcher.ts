import type { ServiceError } from '@plumbline/errors';
import { expectedMs, refusalOf } from './admission.ts';
import type { AdmittedRequest } from './admitted-request.ts';
import { BatchQueue, type Lapse } from './batch-queue.ts';
import { BatchRuns } from './batch-runs.ts';
import type { Batching } from '../loading/batching.ts';
import { CostModel } from './cost-model.ts';
import { Dispatch } from './dispatch.ts';
import { errors } from '../errors.ts';
import { failureReason } from './failure-reason.ts';
import { type QueuePolicy, type QueueSettings, levelOf, queueTimeoutUs } from '../settings/queue-policy.ts';
import { Outstanding } from './outstanding.ts';
import { PendingRequest, type InferAnswer, type InferLimits } from './pending-request.ts';
import { RetryLine } from './retry-line.ts';
import type { RunnerPool } from './runner-pool.ts';
import type { ModelSignature } from '../signature.ts';
import type { VersionStatistics } from './statistics.ts';
import type { Alarm } from '../within.ts';

export interface BatcherOptions {
  readonly signature: ModelSignature;
  readonly batching: Batching;
  readonly queue: QueueSettings;
  readonly maxQueuedRows: number;
  readonly statistics: VersionStatistics;
  /** Milliseconds, monotonic: the clock of every deadline here. */
  readonly nowMs: () => number;
  /** Calls back once the requests that have arrived by now are all in: they then share one batch. */
  readonly soon: (callback: () => void) => void;
  readonly alarm: Alarm;
}

/**
 * Runs the requests of one version in batches. A batch is sealed only when a runner is free and the device's turn has
 * come, so under load it holds all that waits, and without load nobody waits longer than pays. Every caller gets
 * exactly its own rows or an error. This is the way in and the wiring; Dispatch decides when batches go, BatchRuns runs
 * them, Outstanding answers.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  readonly #pool: RunnerPool;
  readonly #queue: BatchQueue<PendingRequest>;
  readonly #again: RetryLine;
  readonly #outstanding: Outstanding;
  readonly #cost = new CostModel();
  readonly #runs: BatchRuns;
  readonly #dispatch: Dispatch;
  readonly #unwatch: () => void;
  #closed = false;

  constructor(options: BatcherOptions, makePool: (onFree: () => void) => RunnerPool) {
    this.#options = options;
    const drop = (item: PendingRequest, lapse: Lapse) => {
      this.#outstanding.fail(item, this.#lapseError(lapse));
    };
    this.#queue = new BatchQueue({
      maxRows: options.batching.maxRows,
      capacityRows: options.maxQueuedRows,
      policies: options.queue.policies,
      drop,
      watch: (item, leave) => item.watch(leave),
    });
    this.#again = new RetryLine(drop);
    this.#outstanding = new Outstanding({
      ...options,
      preserveOrdering: options.queue.preserveOrdering,
      onFailed: (item) => this.#queue.forget(item),
    });
    this.#unwatch = options.statistics.watchPending(() => this.#pendingRequests());
    this.#pool = makePool(() => this.#dispatch.soon());
    this.#runs = new BatchRuns({
      ...options,
      pool: this.#pool,
      cost: this.#cost,
      outstanding: this.#outstanding,
      waiting: () => this.#queue.rows + this.#again.size > 0,
      onAgain: (batches) => {
        this.#again.add(batches);
        this.#dispatch.soon();
      },
    });
    this.#dispatch = new Dispatch({
      ...options,
      settings: options.queue,
      maxRows: options.batching.maxRows,
      queue: this.#queue,
      again: this.#again,
      pool: this.#pool,
      cost: this.#cost,
      run: (runner, sealed) => void this.#runs.run(runner, sealed),
      onStranded: () => this.#strand(),
    });
  }

  get queuedRows(): number {
    return this.#queue.rows;
  }

  /** Requests that were accepted and have neither answer nor error yet. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /**
   * Queues a request. The answer rejects with DEADLINE_EXPIRED, QUEUE_TIMEOUT or REQUEST_CANCELLED when it leaves the
   * queue unrun, with INFERENCE_FAILED, INFERENCE_TIMEOUT, REQUEST_CRASHED_RUNNER, OUTPUT_ROWS_MISMATCH or
   * BATCH_TOO_LARGE when it ran, with RUNNER_LOST where no runner is left.
   * @throws ServiceError QUEUE_FULL, DEADLINE_UNREACHABLE, DEADLINE_EXPIRED, RUNNER_LOST or VERSION_CLOSED at once.
   */
  infer(request: AdmittedRequest, limits: InferLimits): Promise<InferAnswer> {
    const nowMs = this.#options.nowMs();
    const item = this.#pending(request, limits, nowMs);
    const refusal = this.#refusalOf(item, nowMs) ?? this.#enqueue(item, nowMs);
    if (refusal !== undefined) {
      this.#options.statistics.recordRefusal(failureReason(refusal));
      throw refusal;
    }
    this.#outstanding.add(item);
    this.#dispatch.arrived(item.rows, nowMs);
    return item.answer;
  }

  /** Answers what has been accepted, then closes the runners. Later requests are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#runs.close();
    this.#dispatch.hurry();
    await this.#outstanding.empty();
    this.#dispatch.close();
    this.#unwatch();
    await this.#pool.close();
  }

  #pending(request: AdmittedRequest, limits: InferLimits, nowMs: number): PendingRequest {
    const { queue, batching } = this.#options;
    const level = levelOf(queue, limits.priority);
    const timeoutUs = queueTimeoutUs(queue.policies[level] as QueuePolicy, limits.timeoutUs);
    return new PendingRequest(
      request,
      batching.together ? request.rows : 1,
      limits,
      { level, timeoutUs },
      nowMs,
    );
  }

  #refusalOf(item: PendingRequest, nowMs: number): ServiceError | undefined {
    const { live, underWay } = this.#pool;
    return refusalOf({
      closed: this.#closed,
      liveRunners: live,
      busy: underWay + this.#queue.rows > 0,
      nowMs,
      deadlineMs: item.deadlineMs,
      expectedMs: () => this.#expectedMs(item),
    });
  }

  #enqueue(item: PendingRequest, nowMs: number): ServiceError | undefined {
    if (this.#queue.offer(item, nowMs)) return undefined;
    const { rows, requests } = this.#queue;
    return errors.QUEUE_FULL(`${requests} requests of ${rows} rows wait already`, {
      retryAfterMs: this.#retryAfterMs(),
    });
  }

  #expectedMs({ level, rows }: PendingRequest): number {
    return this.#behindMs(this.#queue.rowsAhead(level), rows);
  }

  /** When what waits and runs now will have run. */
  #retryAfterMs(): number {
    return Math.max(1, Math.ceil(this.#behindMs(this.#queue.rows, 0)));
  }

  /** Milliseconds until rows have run behind what is under way and so many of the queue. */
  #behindMs(queuedRows: number, ownRows: number): number {
    return expectedMs(this.#cost, {
      ownRows,
      queuedRows,
      retryRows: this.#again.rows,
      underWayRows: this.#runs.underWayRows,
      maxRows: this.#options.batching.maxRows,
      liveRunners: this.#pool.live,
    });
  }

  /** Of a request that was split, rows may wait in the queue, and others for another run. */
  #pendingRequests(): number {
    return this.#queue.requests + this.#again.requestsBeside((item) => this.#queue.hasBegun(item));
  }

  #lapseError(lapse: Lapse): ServiceError {
    if (lapse === 'expired') return errors.DEADLINE_EXPIRED('the deadline passed in the queue');
    if (lapse === 'cancelled') return errors.REQUEST_CANCELLED('the caller went away');
    return errors.QUEUE_TIMEOUT('the request waited too long', { retryAfterMs: this.#retryAfterMs() });
  }

  /** Where no runner is left and none could be had, nobody is kept waiting for one. */
  #strand(): void {
    for (const item of [...this.#queue.clear(), ...this.#again.clear()]) {
      this.#outstanding.fail(
        item,
        errors.RUNNER_LOST('no runner could be started again', { retryAfterMs: 1_000 }),
      );
    }
  }
}
