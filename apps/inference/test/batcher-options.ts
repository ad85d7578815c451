import type { BatcherOptions } from '../src/domain/batching/batcher.ts';
import { defaultSettings } from '../src/domain/settings/model-settings.ts';
import { VersionStatistics } from '../src/domain/batching/statistics.ts';
import { SUM_SIGNATURE } from './fake-runner.ts';

/** Options of a batcher for SUM_SIGNATURE on the true clock, batches of at most 8 rows. */
export function batcherOptions(over: Partial<BatcherOptions> = {}): BatcherOptions {
  return {
    signature: SUM_SIGNATURE,
    batching: { rowed: true, together: true, maxRows: 8, padRows: 0 },
    queue: defaultSettings({ maxBatchRows: 8, runners: 1, device: 'cpu' }).queue,
    maxQueuedRows: 1_000_000,
    statistics: new VersionStatistics(),
    nowMs: () => performance.now(),
    soon: setImmediate,
    alarm: (ms, ring) => {
      const timer = setTimeout(ring, ms);
      return () => clearTimeout(timer);
    },
    ...over,
  };
}
