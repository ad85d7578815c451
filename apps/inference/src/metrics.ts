import { Counter, Gauge, type LabelValues, type Registry } from 'prom-client';
import { sumMemory } from './domain/versions/memory-ledger.ts';
import type { ResponseCache } from './domain/serving/response-cache.ts';
import type { Engine } from './domain/runners/runner.ts';
import type { CountedTime, FailureReason, StatisticsSnapshot } from './domain/batching/statistics.ts';
import type { ListedVersion } from './domain/traffic.ts';
import type { VersionTable } from './domain/versions/version-table.ts';
import { TalliedHistogram } from './tallied-histogram.ts';

const LABELS = ['model', 'version', 'tenant', 'digest'] as const;
const FAILURE_LABELS = ['reason', ...LABELS] as const;
const REASONS: readonly FailureReason[] = ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'];
const BATCH_ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

type VersionLabels = LabelValues<(typeof LABELS)[number]>;
type Value = (snapshot: StatisticsSnapshot) => number;
type Definition = readonly [name: string, help: string, value: Value];

const us = ({ ns }: CountedTime): number => ns / 1000;

/** Under Triton's names, in its meaning: durations are in microseconds and sums over requests that were answered. */
const COUNTERS: readonly Definition[] = [
  ['nv_inference_request_success', 'Requests answered.', ({ success }) => success.count],
  ['nv_inference_count', 'Rows run; not those from the response cache.', (s) => s.inferenceCount],
  ['nv_inference_exec_count', 'Batches run.', (s) => s.executionCount],
  ['nv_inference_request_duration_us', 'From arrival to answer.', (s) => us(s.success)],
  ['nv_inference_queue_duration_us', 'Waits for a runner.', (s) => us(s.queue)],
  ['nv_inference_compute_input_duration_us', 'Gathering of inputs.', (s) => us(s.computeInput)],
  ['nv_inference_compute_infer_duration_us', 'Runs of the model.', (s) => us(s.computeInfer)],
  ['nv_inference_compute_output_duration_us', 'Handing out of outputs.', (s) => us(s.computeOutput)],
  ['nv_cache_num_hits_per_model', 'Requests that the response cache answered.', (s) => s.cacheHit.count],
  ['nv_cache_num_misses_per_model', 'Requests that it did not answer.', (s) => s.cacheMiss.count],
  ['nv_cache_hit_duration_per_model', 'Look-ups of those that it answered.', (s) => us(s.cacheHit)],
  ['nv_cache_miss_duration_per_model', 'Look-ups and additions of others.', (s) => us(s.cacheMiss)],
];

/** Figures of every loaded version, as ModelStatistics tells them, read when they are scraped. */
export function exposeVersions(registry: Registry, table: VersionTable): void {
  for (const [name, help, value] of COUNTERS) {
    new Counter({
      name,
      help,
      labelNames: LABELS,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, snapshot } of snapshotsOf(table)) this.inc(labels, value(snapshot));
      },
    });
  }
  exposeFailures(registry, table);
  exposePending(registry, table);
  exposeStates(registry, table);
  registry.registerMetric(
    new TalliedHistogram({
      name: 'plumbline_inference_batch_rows',
      help: 'Rows of the batches that ran.',
      labelNames: LABELS,
      buckets: BATCH_ROWS,
      tallies: () =>
        snapshotsOf(table).map(({ labels, snapshot }) => ({
          labels,
          counts: snapshot.batches.map(({ rows, computeInfer }) => [rows, computeInfer.count] as const),
        })),
    }),
  );
}

function exposeFailures(registry: Registry, table: VersionTable): void {
  new Counter({
    name: 'nv_inference_request_failure',
    help: 'Requests that were refused or failed.',
    labelNames: FAILURE_LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, snapshot } of snapshotsOf(table)) {
        for (const reason of REASONS) this.inc({ reason, ...labels }, snapshot.failures[reason]);
      }
    },
  });
}

function exposePending(registry: Registry, table: VersionTable): void {
  new Gauge({
    name: 'nv_inference_pending_request_count',
    help: 'Requests that wait for a runner.',
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, snapshot } of snapshotsOf(table)) this.set(labels, snapshot.pendingRequests);
    },
  });
}

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

/** What the runners of loaded versions take, by device, as measured. */
export function exposeMemory(registry: Registry, table: VersionTable): void {
  new Gauge({
    name: 'plumbline_inference_memory_bytes',
    help: 'Memory of the runners of loaded versions.',
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

/** Every version that is listed or held, also one that failed, with where it stands. */
export function exposeStates(registry: Registry, table: Pick<VersionTable, 'reports'>): void {
  new Gauge({
    name: 'plumbline_inference_versions',
    help: 'Versions by state: 1 for each in the state that it is in.',
    labelNames: [...LABELS, 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { version, state } of table.reports()) {
        for (const labels of labelsOf(version)) this.set({ ...labels, state }, 1);
      }
    },
  });
}

function labelsOf({ digest, owners }: ListedVersion): VersionLabels[] {
  return owners.map(({ tenant, model, number }) => ({ model, version: String(number), tenant, digest }));
}

/** A version that several tenants or models have is there for each of them, with the work for all. */
function snapshotsOf(table: VersionTable): { labels: VersionLabels; snapshot: StatisticsSnapshot }[] {
  return table.reports().flatMap(({ version, serving }) => {
    if (serving === undefined) return [];
    const snapshot = serving.statistics.snapshot();
    return labelsOf(version).map((labels) => ({ labels, snapshot }));
  });
}
