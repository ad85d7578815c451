import type { ServiceError } from '@plumbline/errors';
import { refusalOf } from './admission.ts';
import type { AdmittedRequest } from './admit-request.ts';
import { ArrivalRate } from './arrival-rate.ts';
import { BatchQueue, type Lapse } from './batch-queue.ts';
import { BatchRuns } from './batch-runs.ts';
import { decideWindow, type WindowDecision } from './batch-window.ts';
import type { Batching } from './batching.ts';
import { CostModel } from './cost-model.ts';
import { errors } from './errors.ts';
import type { QueuePolicy, QueueSettings } from './model-settings.ts';
import { Outstanding } from './outstanding.ts';
import { PendingRequest, type InferAnswer, type InferLimits } from './pending-request.ts';
import { levelOf, queueTimeoutUs } from './queue-policy.ts';
import { RetryLine } from './retry-line.ts';
import type { RunnerPool } from './runner-pool.ts';
import type { ModelSignature } from './signature.ts';
import type { VersionStatistics } from './statistics.ts';
import { Wakeup } from './wakeup.ts';
import type { Alarm } from './within.ts';

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

export interface BatcherCounts {
  readonly requests: number;
  readonly rows: number;
  readonly batches: number;
}

/** Between two sweeps of what waits, so that many deadlines close together cost little. */
const SWEEP_GAP_MS = 2;

/**
 * Runs the requests of one version in batches. A batch is sealed only when a runner is free and the device's turn has
 * come, so under load it holds all that waits, and without load nobody waits longer than pays. Every caller gets
 * exactly its own rows or an error.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  readonly #pool: RunnerPool;
  readonly #queue: BatchQueue<PendingRequest>;
  readonly #again: RetryLine;
  readonly #outstanding: Outstanding;
  readonly #wakeup: Wakeup;
  readonly #cost = new CostModel();
  readonly #arrivals = new ArrivalRate();
  readonly #runs: BatchRuns;
  readonly #sealAll: WindowDecision;
  #sweptMs = -Infinity;
  #pumping = false;
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
    this.#wakeup = new Wakeup(options.nowMs, options.alarm, () => this.#pump());
    options.statistics.watchPending(() => this.#queue.requests);
    this.#sealAll = { kind: 'seal', rows: options.batching.maxRows };
    this.#pool = makePool(() => this.#pumpSoon());
    this.#runs = new BatchRuns({
      ...options,
      pool: this.#pool,
      cost: this.#cost,
      outstanding: this.#outstanding,
      waiting: () => this.#queue.rows + this.#again.size > 0,
      onAgain: (batches) => {
        this.#again.add(batches);
        this.#pumpSoon();
      },
    });
  }

  get counts(): BatcherCounts {
    const { success, cacheHit, inferenceCount, executionCount } = this.#options.statistics.snapshot();
    return { requests: success.count - cacheHit.count, rows: inferenceCount, batches: executionCount };
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
      this.#options.statistics.recordRefusal('REJECTED');
      throw refusal;
    }
    this.#outstanding.add(item);
    if (this.#options.queue.maxDelayUs > 0) this.#arrivals.observe(item.rows, nowMs);
    this.#pumpSoon();
    return item.answer;
  }

  /** Answers what has been accepted, then closes the runners. Later requests are refused. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#runs.close();
    await this.#outstanding.empty();
    this.#wakeup.cancel();
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
      expectedMs: () => this.#drainMs(this.#queue.rowsAhead(item.level) + item.rows),
    });
  }

  #enqueue(item: PendingRequest, nowMs: number): ServiceError | undefined {
    if (this.#queue.offer(item, nowMs)) return undefined;
    const { rows, requests } = this.#queue;
    return errors.QUEUE_FULL(`${requests} requests of ${rows} rows wait already`, {
      retryAfterMs: this.#retryAfterMs(),
    });
  }

  #drainMs(rows: number): number {
    return this.#cost.drainMs(rows, this.#options.batching.maxRows) / Math.max(this.#pool.live, 1);
  }

  /** When what waits now will have run. */
  #retryAfterMs(): number {
    return Math.max(1, Math.ceil(this.#drainMs(this.#queue.rows)));
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

  /** Seals a batch for every free runner, as long as something waits that should not wait for more. */
  #pump(): void {
    const nowMs = this.#options.nowMs();
    this.#sweep(nowMs);
    if (this.#pool.stranded) this.#strand();
    let wakeMs = Infinity;
    while (this.#queue.rows + this.#again.size > 0) {
      const window = this.#window(nowMs);
      if (window.kind === 'wait') {
        wakeMs = window.untilMs;
        break;
      }
      const runner = this.#pool.acquire();
      if (runner === undefined) break;
      const sealed = this.#again.next(nowMs) ?? this.#queue.seal(nowMs, window.rows);
      if (sealed === undefined) this.#pool.release(runner, 0);
      else void this.#runs.run(runner, sealed);
    }
    this.#pool.pass();
    this.#wakeup.by(Math.min(wakeMs, this.#sweepDueMs()));
  }

  #window(nowMs: number): WindowDecision {
    const { maxDelayUs, preferredRows } = this.#options.queue;
    const idleRunners = maxDelayUs > 0 && !this.#closed && this.#again.size === 0 ? this.#pool.idle : 0;
    const batch = idleRunners > 0 ? this.#queue.preview(nowMs, preferredRows) : undefined;
    if (batch === undefined) return this.#sealAll;
    return decideWindow({
      batch,
      cost: this.#cost.line,
      rowsPerMs: this.#arrivals.at(nowMs),
      idleRunners,
      maxDelayMs: maxDelayUs / 1000,
      nowMs,
    });
  }

  /** Lets go of those who need no answer any more. */
  #sweep(nowMs: number): void {
    if (nowMs < this.#sweepDueMs()) return;
    this.#sweptMs = nowMs;
    this.#queue.sweep(nowMs);
    this.#again.sweep(nowMs);
  }

  #sweepDueMs(): number {
    const dueMs = Math.min(this.#queue.sweepDueMs, this.#again.dueMs);
    return dueMs === Infinity ? Infinity : Math.max(dueMs, this.#sweptMs + SWEEP_GAP_MS);
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
