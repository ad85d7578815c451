/** Why a request got no answer, in the words of Triton's metrics. */
export type FailureReason = 'REJECTED' | 'CANCELED' | 'BACKEND' | 'OTHER';

/** How often something happened and how long it took in all. */
export interface CountedTime {
  readonly count: number;
  readonly ns: number;
}

/** Batches of one size. */
export interface BatchStatistics {
  readonly rows: number;
  readonly computeInput: CountedTime;
  readonly computeInfer: CountedTime;
  readonly computeOutput: CountedTime;
}

/**
 * What a version has done since it was first opened, in the meaning of Triton's ModelStatistics. Of a split request, times
 * are those of all its batches.
 */
export interface StatisticsSnapshot {
  /** End of the last batch, epoch milliseconds; 0 before the first. */
  readonly lastInferenceMs: number;
  /** Rows that ran; answers from the cache do not count. */
  readonly inferenceCount: number;
  /** Batches that ran. */
  readonly executionCount: number;
  /** Answered requests, from arrival to answer; those from the cache included. */
  readonly success: CountedTime;
  /** Requests that got an error, from arrival to error: the sum of `failures`. */
  readonly fail: CountedTime;
  /**
   * Of answered requests: from arrival until a runner took their first batch up, behind the run before; 0 for those from
   * the cache. With the compute times of one batch it makes up the time of `success`.
   */
  readonly queue: CountedTime;
  /** Of requests that ran and were answered: gathering the batch's buffer and making the engine's tensors of it. */
  readonly computeInput: CountedTime;
  /** Likewise, inside the engine. */
  readonly computeInfer: CountedTime;
  /** Likewise, from the engine's end to the callers: taking the outputs out, the way back and the handing out. */
  readonly computeOutput: CountedTime;
  readonly cacheHit: CountedTime;
  readonly cacheMiss: CountedTime;
  readonly failures: Readonly<Record<FailureReason, number>>;
  /** Ascending by rows. */
  readonly batches: readonly BatchStatistics[];
  /** Requests that wait for a runner now. */
  readonly pendingRequests: number;
}

/** What ran and was answered; answers from the cache do not count. */
export interface WorkCounts {
  readonly requests: number;
  readonly rows: number;
  readonly batches: number;
}

/** Times of one batch, in microseconds. */
export interface BatchTimes {
  readonly inputUs: number;
  readonly inferUs: number;
  readonly outputUs: number;
}

/** Times of one request, in microseconds. */
export interface RequestTimes extends BatchTimes {
  readonly queueUs: number;
}

interface BatchTally {
  readonly rows: number;
  count: number;
  inputUs: number;
  inferUs: number;
  outputUs: number;
}

/**
 * Counts what a version does, as plain sums: recording allocates nothing per request. Sums are exact to the microsecond
 * for some centuries of work, and go on when the version is unloaded for memory and loaded again.
 */
export class VersionStatistics {
  readonly #epochMs: () => number;
  readonly #batches = new Map<number, BatchTally>();
  readonly #failures = { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 };
  readonly #queues = new Set<() => number>();
  #lastInferenceMs = 0;
  #rows = 0;
  #executions = 0;
  #successes = 0;
  #successUs = 0;
  #failUs = 0;
  #queueUs = 0;
  #ran = 0;
  #inputUs = 0;
  #inferUs = 0;
  #outputUs = 0;
  #hits = 0;
  #hitNs = 0;
  #misses = 0;
  #missNs = 0;

  /** @param epochMs the wall clock, asked once per batch. */
  constructor(epochMs: () => number = Date.now) {
    this.#epochMs = epochMs;
  }

  /** Names where the number of waiting requests is read, until what it returns is called. */
  watchPending(pendingRequests: () => number): () => void {
    this.#queues.add(pendingRequests);
    return () => void this.#queues.delete(pendingRequests);
  }

  /** One batch that ran and whose rows were handed out. */
  recordBatch(rows: number, { inputUs, inferUs, outputUs }: BatchTimes): void {
    let tally = this.#batches.get(rows);
    if (tally === undefined) {
      tally = { rows, count: 0, inputUs: 0, inferUs: 0, outputUs: 0 };
      this.#batches.set(rows, tally);
    }
    tally.count++;
    tally.inputUs += inputUs;
    tally.inferUs += inferUs;
    tally.outputUs += outputUs;
    this.#executions++;
    this.#rows += rows;
    this.#lastInferenceMs = this.#epochMs();
  }

  /** A request that ran and was answered, with the times of all batches it was in. */
  recordSuccess({ queueUs, inputUs, inferUs, outputUs }: RequestTimes, totalUs: number): void {
    this.#successes++;
    this.#ran++;
    this.#successUs += totalUs;
    this.#queueUs += queueUs;
    this.#inputUs += inputUs;
    this.#inferUs += inferUs;
    this.#outputUs += outputUs;
  }

  /** A request that got an error after it had been accepted. */
  recordFailure(reason: FailureReason, totalUs: number): void {
    this.#failures[reason]++;
    this.#failUs += totalUs;
  }

  /** A request that was refused before it was accepted; the batcher records its own refusals. */
  recordRefusal(reason: FailureReason): void {
    this.recordFailure(reason, 0);
  }

  /** A request that was answered from the cache, also by waiting for an equal one that ran. */
  recordCacheHit(ns: number): void {
    this.#hits++;
    this.#hitNs += ns;
    this.#successes++;
    this.#successUs += ns / 1000;
  }

  /** A request that was not in the cache and went on to the batcher; time of looking up and of adding the answer. */
  recordCacheMiss(ns: number): void {
    this.#misses++;
    this.#missNs += ns;
  }

  get counts(): WorkCounts {
    return { requests: this.#ran, rows: this.#rows, batches: this.#executions };
  }

  snapshot(): StatisticsSnapshot {
    const failures = { ...this.#failures };
    const failed = failures.REJECTED + failures.CANCELED + failures.BACKEND + failures.OTHER;
    return {
      lastInferenceMs: this.#lastInferenceMs,
      inferenceCount: this.#rows,
      executionCount: this.#executions,
      success: fromUs(this.#successes, this.#successUs),
      fail: fromUs(failed, this.#failUs),
      queue: fromUs(this.#successes, this.#queueUs),
      computeInput: fromUs(this.#ran, this.#inputUs),
      computeInfer: fromUs(this.#ran, this.#inferUs),
      computeOutput: fromUs(this.#ran, this.#outputUs),
      cacheHit: { count: this.#hits, ns: Math.round(this.#hitNs) },
      cacheMiss: { count: this.#misses, ns: Math.round(this.#missNs) },
      failures,
      batches: [...this.#batches.values()].sort((left, right) => left.rows - right.rows).map(batchStatistics),
      pendingRequests: [...this.#queues].reduce((sum, pendingRequests) => sum + pendingRequests(), 0),
    };
  }
}

function batchStatistics({ rows, count, inputUs, inferUs, outputUs }: BatchTally): BatchStatistics {
  return {
    rows,
    computeInput: fromUs(count, inputUs),
    computeInfer: fromUs(count, inferUs),
    computeOutput: fromUs(count, outputUs),
  };
}

function fromUs(count: number, us: number): CountedTime {
  return { count, ns: Math.round(us * 1000) };
}
