import { Gauge, type Registry } from 'prom-client';
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
