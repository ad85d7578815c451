import { monitorEventLoopDelay, type Histogram } from 'node:perf_hooks';
import { Gauge, type Registry } from 'prom-client';

/** Between two samples; a shorter stall may pass unseen. */
const RESOLUTION_MS = 4;
const QUANTILES = [0.5, 0.99, 0.999, 1];
const NANOSECONDS = 1e9;

/**
 * How much later than due the process's event loop came round, as quantiles of the samples since the last scrape: a
 * gauge, because a stall must show in the window that it fell into. One that begins within the 4 ms after a scrape passes
 * unseen. Answers a function that ends the sampling.
 */
export function exposeEventLoopDelay(registry: Registry): () => void {
  const intervals = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  intervals.enable();
  exposeIntervals(registry, intervals);
  return () => void intervals.disable();
}

/** @param intervals nanoseconds between samples, begun anew by each scrape. */
export function exposeIntervals(registry: Registry, intervals: Histogram): void {
  new Gauge({
    name: 'plumbline_event_loop_delay_seconds',
    help: 'How much later than due the event loop came round, since the last scrape; quantile 1 is the longest.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      for (const quantile of QUANTILES) {
        this.set({ quantile }, delaySeconds(intervals.percentile(100 * quantile)));
      }
      intervals.reset();
    },
  });
}

/** The histogram holds whole intervals between samples, of which the resolution is no delay. */
function delaySeconds(intervalNs: number): number {
  return Math.max(0, intervalNs / NANOSECONDS - RESOLUTION_MS / 1_000);
}
