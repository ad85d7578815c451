import type { SealedBatch, Slice } from './batch-queue.ts';
import type { PendingRequest } from './pending-request.ts';
import { RunnerLost, RunTimedOut } from '../runners/runner.ts';

/**
 * How a batch failed: the engine refused it; its runner ended with it; it did not come back in time; or its runner ended
 * with a batch before it, of which this one knows nothing.
 */
export type BatchFailure = 'refused' | 'crashed' | 'timed-out' | 'bystander';

/** What becomes of a batch that failed. */
export interface AfterFailure {
  /** Batches to run in its place. */
  readonly again: readonly SealedBatch<PendingRequest>[];
  /** Requests that fail. */
  readonly failed: readonly PendingRequest[];
}

/** How often a request may end its runner: once may be chance. */
const MAX_CRASHES = 2;

/** @param first whether the batch was the one that its runner was running, where that was lost. */
export function failureOf(error: unknown, first: boolean): BatchFailure {
  if (!(error instanceof RunnerLost)) return 'refused';
  if (error instanceof RunTimedOut) return 'timed-out';
  return first ? 'crashed' : 'bystander';
}

/**
 * Decides who is run again. A batch is halved until the request is alone that does it, so that it alone fails; after
 * a run that did not end, only those go on whose deadlines leave time for another. Requests settled meanwhile are left
 * out.
 * @param slices whose requests have counted this crash, if it is one.
 * @param tookMs that the failed run took.
 */
export function afterFailure(
  { slices }: SealedBatch<PendingRequest>,
  failure: BatchFailure,
  nowMs: number,
  tookMs: number,
): AfterFailure {
  const open = slices.filter(({ item }) => !item.settled);
  if (failure === 'bystander') return { again: batches(open), failed: [] };
  const goesOn = ({ item }: Slice<PendingRequest>): boolean => {
    if (failure === 'crashed' && slices.length === 1) return item.crashes < MAX_CRASHES;
    if (slices.length === 1) return false;
    return failure !== 'timed-out' || (item.deadlineMs < Infinity && nowMs + tookMs < item.deadlineMs);
  };
  const again = open.filter(goesOn);
  const failed = open.filter((slice) => !goesOn(slice)).map(({ item }) => item);
  const half = Math.ceil(again.length / 2);
  return { again: [...batches(again.slice(0, half)), ...batches(again.slice(half))], failed };
}

/** One batch of these slices, or none where there are none. */
export function batches(slices: readonly Slice<PendingRequest>[]): SealedBatch<PendingRequest>[] {
  let rows = 0;
  const placed = slices.map((slice) => {
    const atRow = rows;
    rows += slice.rows;
    return { ...slice, atRow };
  });
  return rows === 0 ? [] : [{ slices: placed, rows }];
}
