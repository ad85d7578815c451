import { failureReason } from './failure-reason.ts';
import type { PendingRequest } from './pending-request.ts';
import type { VersionStatistics } from './statistics.ts';

export interface OutstandingOptions {
  readonly statistics: VersionStatistics;
  /** Whether nobody is answered before those who came earlier. */
  readonly preserveOrdering: boolean;
  readonly nowMs: () => number;
  /** Told of every request that fails, of which some rows may still be on their way. */
  readonly onFailed: (item: PendingRequest) => void;
}

/** Requests that were accepted and have neither answer nor error yet. Each gets exactly one, and is counted once. */
export class Outstanding {
  readonly #options: OutstandingOptions;
  /** In the order of arrival; kept only where answers follow it. */
  readonly #line: PendingRequest[] = [];
  readonly #empty = new Set<() => void>();
  #size = 0;

  constructor(options: OutstandingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  add(item: PendingRequest): void {
    this.#size++;
    if (this.#options.preserveOrdering) this.#line.push(item);
  }

  /** The request's rows are all there. */
  answer(item: PendingRequest, nowMs: number): void {
    if (item.settled) return;
    this.#options.statistics.recordSuccess(item, (nowMs - item.arrivedMs) * 1000);
    this.#settle(item, undefined);
  }

  fail(item: PendingRequest, error: unknown): void {
    if (item.settled) return;
    const totalUs = (this.#options.nowMs() - item.arrivedMs) * 1000;
    this.#options.statistics.recordFailure(failureReason(error), totalUs);
    this.#settle(item, error);
    this.#options.onFailed(item);
  }

  /** Resolves once there are none. */
  async empty(): Promise<void> {
    if (this.#size > 0) await new Promise<void>((resolve) => this.#empty.add(resolve));
  }

  #settle(item: PendingRequest, error: unknown): void {
    item.settle(error);
    if (!this.#options.preserveOrdering) this.#deliver(item);
    else {
      let ready = 0;
      while (this.#line[ready]?.settled === true) ready++;
      for (const next of this.#line.splice(0, ready)) this.#deliver(next);
    }
  }

  #deliver(item: PendingRequest): void {
    item.deliver();
    if (--this.#size > 0) return;
    for (const resolve of this.#empty) resolve();
    this.#empty.clear();
  }
}
