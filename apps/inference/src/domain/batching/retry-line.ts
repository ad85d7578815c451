import { batches } from './after-failure.ts';
import type { Lapse, SealedBatch } from './batch-queue.ts';
import type { PendingRequest } from './pending-request.ts';

/** Batches that run again because a run of their requests failed; they go before all that waits. */
export class RetryLine {
  readonly #drop: (item: PendingRequest, lapse: Lapse) => void;
  #batches: SealedBatch<PendingRequest>[] = [];

  /** @param drop told of requests that leave unrun, at once when they are cancelled. */
  constructor(drop: (item: PendingRequest, lapse: Lapse) => void) {
    this.#drop = drop;
  }

  get size(): number {
    return this.#batches.length;
  }

  get rows(): number {
    return this.#batches.reduce((sum, { rows }) => sum + rows, 0);
  }

  /** Requests of which rows are here, without those that are counted elsewhere. */
  requestsBeside(isCounted: (item: PendingRequest) => boolean): number {
    return new Set(this.#items().filter((item) => !item.settled && !isCounted(item))).size;
  }

  /** When the first request lapses. */
  get dueMs(): number {
    if (this.#batches.length === 0) return Infinity;
    return this.#items().reduce((due, { deadlineMs }) => Math.min(due, deadlineMs), Infinity);
  }

  add(again: readonly SealedBatch<PendingRequest>[]): void {
    this.#batches.push(...again);
    for (const item of again.flatMap(({ slices }) => slices.map((slice) => slice.item))) {
      if (item.isCancelled) this.#drop(item, 'cancelled');
      else item.watch(() => this.#drop(item, 'cancelled'));
    }
  }

  /** Takes the next batch, without those whose answer is certain by now. */
  next(nowMs: number): SealedBatch<PendingRequest> | undefined {
    this.sweep(nowMs);
    return this.#batches.shift();
  }

  /** Drops requests past their deadlines, and batches of which nobody is left. */
  sweep(nowMs: number): void {
    for (const item of this.#items()) {
      if (!item.settled && nowMs >= item.deadlineMs) this.#drop(item, 'expired');
    }
    this.#batches = this.#batches.flatMap(({ slices }) =>
      batches(slices.filter(({ item }) => !item.settled)),
    );
  }

  /** Empties the line and returns whose rows were in it. */
  clear(): PendingRequest[] {
    const items = this.#items();
    this.#batches = [];
    return items;
  }

  #items(): PendingRequest[] {
    return this.#batches.flatMap(({ slices }) => slices.map(({ item }) => item));
  }
}
