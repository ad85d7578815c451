import type { ServiceError } from '@plumbline/errors';
import type { CostModel } from './cost-model.ts';
import { errors } from '../errors.ts';

/** What a batcher knows when a request comes. */
export interface AdmissionView {
  readonly closed: boolean;
  readonly liveRunners: number;
  /** Whether anything runs or waits. */
  readonly busy: boolean;
  readonly nowMs: number;
  readonly deadlineMs: number;
  /** When the request would be answered behind what goes before it, from now. */
  readonly expectedMs: () => number;
}

/** Why a request is not accepted: VERSION_CLOSED, RUNNER_LOST, DEADLINE_EXPIRED or DEADLINE_UNREACHABLE. */
export function refusalOf(view: AdmissionView): ServiceError | undefined {
  const { nowMs, deadlineMs } = view;
  if (view.closed) return errors.VERSION_CLOSED('the version takes no new requests');
  if (view.liveRunners === 0)
    return errors.RUNNER_LOST('the runner is being started again', { retryAfterMs: 100 });
  if (nowMs >= deadlineMs) return errors.DEADLINE_EXPIRED('the deadline had passed on arrival');
  // Without work ahead an estimate is not needed, and one that is far too high could never be corrected.
  if (!view.busy || deadlineMs === Infinity) return undefined;
  const expectedMs = view.expectedMs();
  if (nowMs + expectedMs <= deadlineMs) return undefined;
  return errors.DEADLINE_UNREACHABLE(`the answer would take about ${Math.ceil(expectedMs)} ms`);
}

/** What goes before a request, and who works it off. */
export interface Backlog {
  readonly ownRows: number;
  readonly queuedRows: number;
  readonly retryRows: number;
  readonly underWayRows: number;
  readonly maxRows: number;
  readonly liveRunners: number;
}

/**
 * Milliseconds until a request is answered: runners share what goes before it, but its own batch runs on one of them, so
 * that it takes at least as long as that. Rows under way count whole: how far they are is not known.
 */
export function expectedMs(cost: Pick<CostModel, 'drainMs'>, backlog: Backlog): number {
  const { ownRows, queuedRows, retryRows, underWayRows, maxRows, liveRunners } = backlog;
  const allRows = ownRows + queuedRows + retryRows + underWayRows;
  return Math.max(cost.drainMs(ownRows, maxRows), cost.drainMs(allRows, maxRows) / Math.max(liveRunners, 1));
}
