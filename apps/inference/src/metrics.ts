import { Gauge, type Registry } from 'prom-client';
import type { Engine } from './domain/runner.ts';
import type { VersionReport, VersionTable } from './domain/version-table.ts';

const LABELS = ['model', 'version', 'digest'] as const;

/** Figures of the batchers under Triton's names, read from the table when they are scraped. */
export function exposeVersions(registry: Registry, table: VersionTable): void {
  expose(registry, table, 'nv_inference_count', 'Rows answered.', ({ counts }) => counts.rows);
  expose(registry, table, 'nv_inference_exec_count', 'Batches run.', ({ counts }) => counts.batches);
  expose(
    registry,
    table,
    'nv_inference_request_success',
    'Requests answered.',
    ({ counts }) => counts.requests,
  );
  expose(
    registry,
    table,
    'nv_inference_pending_request_count',
    'Rows that wait for a runner.',
    ({ serving }) => serving?.batcher.queuedRows ?? 0,
  );
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

function expose(
  registry: Registry,
  table: VersionTable,
  name: string,
  help: string,
  valueOf: (report: VersionReport) => number,
): void {
  new Gauge({
    name,
    help,
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const report of table.reports()) {
        const { digest, owners } = report.version;
        const [owner] = owners;
        this.set({ model: owner?.model ?? '', version: String(owner?.number ?? 0), digest }, valueOf(report));
      }
    },
  });
}
