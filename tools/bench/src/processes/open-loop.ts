import { ascending, quantile } from '../statistics/quantile.ts';
import { countFailure, type Call, type Failures } from './closed-loop.ts';

export interface OpenLoop {
  readonly call: Call;
  /** Intended instants of the calls, milliseconds after the start, ascending, without end. */
  readonly arrivals: Iterator<number, never>;
  /** Calls intended after it are not made. */
  readonly endsAfterMs: number;
  /** Whether to end before. */
  readonly stopped: () => boolean;
  readonly nowMs: () => number;
  /** Resolves about `ms` from now. */
  readonly pause: (ms: number) => Promise<void>;
}

export interface OpenLoopReport {
  readonly sent: number;
  readonly failures: Failures;
  /** From the instant that a call was intended at, not from its sending, to its answer; OK and failed alike. */
  readonly latencyMs: Spread;
  /** How long after its intended instant a call was sent. */
  readonly latenessMs: Spread;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/**
 * Sends calls at their instants whether or not earlier ones are answered, as callers do who know nothing of each other.
 * A server that stalls is thus charged for everyone who would have waited. Ends when the last call is answered.
 */
export async function openLoop(load: OpenLoop): Promise<OpenLoopReport> {
  const latencies: number[] = [];
  const latenesses: number[] = [];
  const failures: Failures = {};
  const startMs = load.nowMs();
  let sent = 0;
  let allSent = false;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));

  const send = async (intendedMs: number): Promise<void> => {
    latenesses.push(load.nowMs() - intendedMs);
    const status = await load.call();
    latencies.push(load.nowMs() - intendedMs);
    if (status !== 0) countFailure(failures, status);
    if (allSent && latencies.length === sent) end();
  };

  for (let dueMs = load.arrivals.next().value; dueMs < load.endsAfterMs && !load.stopped();) {
    const waitMs = startMs + dueMs - load.nowMs();
    if (waitMs > 0) {
      await load.pause(waitMs);
      continue;
    }
    sent += 1;
    void send(startMs + dueMs);
    dueMs = load.arrivals.next().value;
  }
  allSent = true;
  if (latencies.length < sent) await ended;
  return {
    sent,
    failures,
    latencyMs: spreadOf(latencies),
    latenessMs: spreadOf(latenesses),
  };
}

/** All zero for no values. */
function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { p50: 0, p99: 0, p999: 0, max: 0 };
  const sorted = ascending(values);
  const at = (q: number) => quantile(sorted, q);
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}
