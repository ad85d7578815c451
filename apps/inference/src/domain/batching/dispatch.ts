import { ArrivalRate } from './arrival-rate.ts';
import type { BatchQueue, SealedBatch } from './batch-queue.ts';
import { decideWindow, type WindowDecision } from './batch-window.ts';
import type { CostModel } from './cost-model.ts';
import type { QueueSettings } from '../settings/queue-policy.ts';
import type { PendingRequest } from './pending-request.ts';
import type { RetryLine } from './retry-line.ts';
import type { Runner } from '../runners/runner.ts';
import type { RunnerPool } from './runner-pool.ts';
import { Wakeup } from './wakeup.ts';
import type { Alarm } from '../within.ts';

export interface DispatchOptions {
  readonly settings: QueueSettings;
  /** Most rows of a batch. */
  readonly maxRows: number;
  readonly queue: BatchQueue<PendingRequest>;
  /** Goes before the queue. */
  readonly again: RetryLine;
  readonly pool: RunnerPool;
  readonly cost: CostModel;
  /** Runs the batch and gives the runner back. */
  readonly run: (runner: Runner, sealed: SealedBatch<PendingRequest>) => void;
  /** No runner is left, and the last attempt to have one failed. */
  readonly onStranded: () => void;
  readonly nowMs: () => number;
  readonly soon: (callback: () => void) => void;
  readonly alarm: Alarm;
}

/** Between two sweeps of what waits, so that many deadlines close together cost little. */
const SWEEP_GAP_MS = 2;

/** Longer than the way to a runner, the making of a batch and a late timer take together. */
const LEAD_MS = 2;

/**
 * Sends batches to runners. It looks when something has come, when a runner has become free or its turn has come, and
 * when a window ends or a request lapses; between those it does nothing.
 */
export class Dispatch {
  readonly #options: DispatchOptions;
  readonly #wakeup: Wakeup;
  readonly #arrivals = new ArrivalRate();
  readonly #sealAll: WindowDecision;
  #maxDelayMs: number;
  #sweptMs = -Infinity;
  #expected = false;

  constructor(options: DispatchOptions) {
    this.#options = options;
    this.#wakeup = new Wakeup(options.nowMs, options.alarm, () => this.#look());
    this.#sealAll = { kind: 'seal', rows: options.maxRows };
    this.#maxDelayMs = options.settings.maxDelayUs / 1000;
  }

  /** Rows have come into the queue. */
  arrived(rows: number, nowMs: number): void {
    if (this.#maxDelayMs > 0) this.#arrivals.observe(rows, nowMs);
    this.soon();
  }

  /** Looks once all that arrives now is in. */
  soon(): void {
    if (this.#expected) return;
    this.#expected = true;
    this.#options.soon(() => {
      this.#expected = false;
      this.#look();
    });
  }

  /** From now on nothing waits for company. */
  hurry(): void {
    this.#maxDelayMs = 0;
    this.soon();
  }

  /** Looks no more by itself. */
  close(): void {
    this.#wakeup.cancel();
  }

  /** Seals a batch for every free runner, as long as something waits that should not wait for more. */
  #look(): void {
    const { queue, again, pool, run, nowMs } = this.#options;
    const now = nowMs();
    this.#sweep(now);
    if (pool.stranded) this.#options.onStranded();
    let wakeMs = Infinity;
    while (queue.rows + again.size > 0) {
      const window = this.#window(now);
      if (window.kind === 'wait') {
        wakeMs = window.untilMs;
        break;
      }
      const aheadMs = this.#aheadMs();
      const runner = pool.acquire(aheadMs <= now ? Infinity : 1);
      if (runner === undefined) {
        if (aheadMs > now) wakeMs = aheadMs;
        break;
      }
      const sealed = again.next(now) ?? queue.seal(now, window.rows);
      if (sealed === undefined) pool.handBack(runner);
      else run(runner, sealed);
    }
    pool.pass();
    this.#wakeup.by(Math.min(wakeMs, this.#sweepDueMs()));
  }

  /**
   * From when a batch may be handed over behind another, to hide the way to the runner: at once where it cannot grow,
   * else shortly before that other is expected to end, so that it still takes up what comes by then.
   */
  #aheadMs(): number {
    const { queue, again, pool, maxRows } = this.#options;
    return again.size > 0 || queue.rows >= maxRows ? -Infinity : pool.nextEndMs - LEAD_MS;
  }

  #window(nowMs: number): WindowDecision {
    const { queue, again, pool, cost, settings } = this.#options;
    const idleRunners = this.#maxDelayMs > 0 && again.size === 0 ? pool.idle : 0;
    const batch = idleRunners > 0 ? queue.preview(nowMs, settings.preferredRows) : undefined;
    if (batch === undefined) return this.#sealAll;
    return decideWindow({
      batch,
      cost: cost.line,
      rowsPerMs: this.#arrivals.at(nowMs),
      idleRunners,
      maxDelayMs: this.#maxDelayMs,
      nowMs,
    });
  }

  /** Lets go of those who need no answer any more. */
  #sweep(nowMs: number): void {
    if (nowMs < this.#sweepDueMs()) return;
    this.#sweptMs = nowMs;
    this.#options.queue.sweep(nowMs);
    this.#options.again.sweep(nowMs);
  }

  #sweepDueMs(): number {
    const { queue, again } = this.#options;
    const dueMs = Math.min(queue.sweepDueMs, again.dueMs);
    return dueMs === Infinity ? Infinity : Math.max(dueMs, this.#sweptMs + SWEEP_GAP_MS);
  }
}
