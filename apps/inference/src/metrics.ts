import { Gauge, type Registry } from 'prom-client';
import { sumMemory } from './domain/versions/memory-ledger.ts';
import type { ResponseCache } from './domain/serving/response-cache.ts';
import type { Engine } from './domain/runners/runner.ts';
import type { VersionTable } from './domain/versions/version-table.ts';

/** What the response cache holds, over all versions. */
export function exposeCache(registry: Registry, cache: ResponseCache): void {
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(value());
      },
    });
  gauge('plumbline_inference_response_cache_bytes', 'Memory of remembered answers.', () => cache.bytes);
  gauge('plumbline_inference_response_cache_entries', 'Remembered answers.', () => cache.entries);
}

/** What the runners of loaded versions take; no line for a GPU, whose memory is not measured. */
export function exposeMemory(registry: Registry, table: Pick<VersionTable, 'reports'>): void {
  new Gauge({
    name: 'plumbline_inference_memory_bytes',
    help: 'Memory of the runners of loaded versions, by the device whose it is; GPUs are not measured.',
    labelNames: ['device'],
    registers: [registry],
    collect() {
      this.reset();
      const loaded = table.reports().flatMap(({ serving }) => serving?.memory ?? []);
      for (const [device, bytes] of sumMemory(loaded)) this.set({ device }, bytes);
    },
  });
}

/** Runners that are lost to the machine until the replica restarts or they come back by themselves. */
export function exposeAbandoned(registry: Registry, engine: Pick<Engine, 'abandoned'>): void {
  new Gauge({
    name: 'plumbline_inference_abandoned_runners',
    help: 'Runner threads that never came back from a model and hold a core.',
    registers: [registry],
    collect() {
      this.set(engine.abandoned);
    },
  });
}
