import { ServiceError } from '@plumbline/errors';
import { afterFailure, failureOf, type BatchFailure } from './after-failure.ts';
import { assembleBatch, rowsOfRun } from './assemble-batch.ts';
import type { SealedBatch } from './batch-queue.ts';
import type { Batching } from '../loading/batching.ts';
import type { CostModel } from './cost-model.ts';
import { errors } from '../errors.ts';
import { OutputRows } from './output-rows.ts';
import type { Outstanding } from './outstanding.ts';
import type { PendingRequest, RunOutcome } from './pending-request.ts';
import { RunnerLost, type BatchResult, type Runner } from '../runners/runner.ts';
import type { RunnerPool } from './runner-pool.ts';
import type { ModelSignature } from '../signature.ts';
import type { BatchTimes, VersionStatistics } from './statistics.ts';

export interface BatchRunsOptions {
  readonly signature: ModelSignature;
  readonly batching: Batching;
  readonly statistics: VersionStatistics;
  readonly pool: RunnerPool;
  readonly cost: CostModel;
  readonly outstanding: Outstanding;
  /** Whether anything waits for a runner. */
  readonly waiting: () => boolean;
  /** Takes batches that are to run in the place of one that failed. */
  readonly onAgain: (batches: readonly Sealed[]) => void;
  readonly nowMs: () => number;
}

type Sealed = SealedBatch<PendingRequest>;

/** Runs sealed batches and hands out what they give: rows to their callers, failures to whom they concern. */
export class BatchRuns {
  readonly #options: BatchRunsOptions;
  readonly #lastEndMs = new WeakMap<Runner, number>();
  #closing = false;
  #underWayRows = 0;

  constructor(options: BatchRunsOptions) {
    this.#options = options;
  }

  /** Rows that runners have been given and have not answered. */
  get underWayRows(): number {
    return this.#underWayRows;
  }

  /** From now on the batch of a lost runner fails: nobody waits for a replacement. */
  close(): void {
    this.#closing = true;
  }

  /** Never rejects; the runner goes back to its pool. */
  async run(runner: Runner, sealed: Sealed): Promise<void> {
    const { nowMs, pool, signature, batching } = this.#options;
    const sealedMs = nowMs();
    this.#underWayRows += sealed.rows;
    let handedMs: number | undefined;
    let result: BatchResult;
    try {
      const batch = assembleBatch(sealed, signature, batching);
      handedMs = nowMs();
      pool.expect(runner, handedMs, this.#options.cost.estimateMs(sealed.rows));
      result = await runner.run(batch);
    } catch (error) {
      const tookMs = this.#end(runner, sealed, sealedMs);
      const first = error instanceof RunnerLost ? pool.lose(runner, error, tookMs) : true;
      if (handedMs === undefined) pool.handBack(runner);
      else if (!(error instanceof RunnerLost)) pool.release(runner, tookMs, this.#options.waiting());
      for (const { item } of sealed.slices) item.began(sealedMs);
      this.#fail(sealed, error, failureOf(error, first), tookMs);
      return;
    }
    const tookMs = this.#end(runner, sealed, sealedMs);
    this.#options.cost.observe(sealed.rows, tookMs);
    pool.release(runner, tookMs, this.#options.waiting());
    for (const { item } of sealed.slices) item.began(sealedMs + result.waitedUs / 1000);
    this.#handOut(sealed, result, sealedMs, handedMs);
  }

  /** Milliseconds that the run took: one handed over behind another begins when that ends. */
  #end(runner: Runner, { rows }: Sealed, sealedMs: number): number {
    this.#underWayRows -= rows;
    const endMs = this.#options.nowMs();
    const tookMs = endMs - Math.max(sealedMs, this.#lastEndMs.get(runner) ?? 0);
    this.#lastEndMs.set(runner, endMs);
    return tookMs;
  }

  #handOut(sealed: Sealed, result: BatchResult, sealedMs: number, handedMs: number): void {
    const { nowMs, signature, batching, statistics } = this.#options;
    const { outputs } = result;
    const rows = rowsOfRun(sealed, batching);
    try {
      const checked = batching.rowed ? new OutputRows(signature, outputs, rows) : undefined;
      this.#take(sealed, { outputs, cut: batching.together ? checked : undefined, rows });
    } catch (error) {
      this.#fail(sealed, error, 'refused', 0);
      return;
    }
    const endMs = nowMs();
    const times = batchTimes(result, { sealedMs, handedMs, endMs });
    statistics.recordBatch(batching.together ? sealed.rows : rows, times);
    for (const { item } of sealed.slices) {
      item.charge(times);
      if (item.complete) this.#options.outstanding.answer(item, endMs);
    }
  }

  #take({ slices }: Sealed, outcome: RunOutcome): void {
    for (const slice of slices) {
      if (slice.item.settled) continue;
      try {
        slice.item.take(slice, outcome);
      } catch (error) {
        this.#options.outstanding.fail(slice.item, error);
      }
    }
  }

  #fail(sealed: Sealed, error: unknown, failure: BatchFailure, tookMs: number): void {
    const { nowMs, outstanding, onAgain } = this.#options;
    if (this.#closing && error instanceof RunnerLost) {
      for (const { item } of sealed.slices)
        outstanding.fail(item, failure === 'timed-out' ? errorOf(error, failure) : lostOf(error));
      return;
    }
    if (failure === 'crashed') for (const { item } of sealed.slices) item.crashes++;
    const { again, failed } = afterFailure(sealed, failure, nowMs(), tookMs);
    for (const item of failed) outstanding.fail(item, errorOf(error, failure));
    if (again.length > 0) onAgain(again);
  }
}

/** What lies between sealing and handing out, less the wait for the run: the way back counts as output. */
function batchTimes(
  { waitedUs, inputUs, inferUs }: BatchResult,
  { sealedMs, handedMs, endMs }: { sealedMs: number; handedMs: number; endMs: number },
): BatchTimes {
  const outputUs = Math.max((endMs - handedMs) * 1000 - waitedUs - inputUs - inferUs, 0);
  return { inputUs: (handedMs - sealedMs) * 1000 + inputUs, inferUs, outputUs };
}

/** Of a batch that might have run again on a replacement, were the version not closing: it need not be to blame. */
function lostOf(cause: Error): ServiceError {
  return errors.RUNNER_LOST('the runner ended while the version was being closed', {
    retryAfterMs: 100,
    cause,
  });
}

function errorOf(error: unknown, failure: BatchFailure): ServiceError {
  if (error instanceof ServiceError) return error;
  switch (failure) {
    case 'refused':
      return errors.INFERENCE_FAILED('the engine refused the request', { cause: error });
    case 'crashed':
      return errors.REQUEST_CRASHED_RUNNER('the runner ended whenever it ran the request', { cause: error });
    case 'timed-out':
      return errors.INFERENCE_TIMEOUT('the run did not end in time', { cause: error });
    case 'bystander':
      return errors.RUNNER_LOST('the runner ended before the batch ran', { retryAfterMs: 100, cause: error });
  }
}
