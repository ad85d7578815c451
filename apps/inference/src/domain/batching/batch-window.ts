import type { BatchPreview } from './batch-queue.ts';
import type { CostLine } from './cost-model.ts';

/** All that the decision to wait for company rests on. */
export interface WindowView {
  /** The batch that would be sealed now. */
  readonly batch: BatchPreview;
  readonly cost: CostLine;
  /** Rows that come per millisecond. */
  readonly rowsPerMs: number;
  /** Runners without work, at least one. */
  readonly idleRunners: number;
  readonly maxDelayMs: number;
  readonly nowMs: number;
}

export type WindowDecision =
  | { readonly kind: 'seal'; readonly rows: number }
  /** `untilMs` is the latest time to decide again, if nothing comes before. */
  | { readonly kind: 'wait'; readonly untilMs: number };

/** Waits that a timer cannot measure are not begun. */
const RESOLUTION_MS = 1;

/**
 * Decides whether a free runner begins now or waits for company.
 *
 * A batch of n rows takes a·n + b. Sealed now, it is done after a·n + b, and a row that comes after d waits for that
 * and runs by itself. If the batch waits for that row, n rows are later by d + a, and the row is sooner by what is left
 * of the first run and by one b: in sum that pays where (n + 1)·d + n·a < b. The rule has the form of BentoML's
 * (dispatcher.py: n·(d + a) against a learned wait); here the fitted b takes the place of the learned wait. d is
 * expected from the rate of arrivals; where nobody has come for as long as would have paid, the wait is over.
 *
 * Like Triton's max_queue_delay_microseconds, `maxDelayMs` bounds the wait of the oldest request, and a preferred row
 * count ends it: such a batch is sealed at that count. Nothing waits into its deadline or its queue timeout. With
 * another runner idle nothing waits at all: what comes next would run there.
 */
export function decideWindow(view: WindowView): WindowDecision {
  const { batch, nowMs, maxDelayMs } = view;
  const delayOver = nowMs >= batch.oldestMs + maxDelayMs;
  if (batch.preferredRows > 0 && !delayOver) return { kind: 'seal', rows: batch.preferredRows };
  const untilMs = waitUntilMs(view);
  if (batch.complete || untilMs - nowMs < RESOLUTION_MS) return { kind: 'seal', rows: batch.rows };
  return { kind: 'wait', untilMs };
}

function waitUntilMs(view: WindowView): number {
  const { batch, cost, rowsPerMs, idleRunners, maxDelayMs } = view;
  const { perRowMs, fixedMs } = cost;
  const worthMs = (fixedMs - batch.rows * perRowMs) / (batch.rows + 1);
  if (idleRunners > 1 || rowsPerMs * worthMs < 1) return -Infinity;
  const runMs = fixedMs + batch.rows * perRowMs;
  return Math.min(
    batch.oldestMs + maxDelayMs,
    batch.newestMs + worthMs,
    batch.lapseMs - runMs - RESOLUTION_MS,
  );
}
