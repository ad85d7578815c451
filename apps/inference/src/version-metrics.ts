import { Counter, Gauge, type LabelValues, type Registry } from 'prom-client';
import type { CountedTime, FailureReason, StatisticsSnapshot } from './domain/batching/statistics.ts';
import { compareOwners, type ListedVersion, type Owner } from './domain/traffic.ts';
import type { VersionTable } from './domain/versions/version-table.ts';
import { TalliedHistogram } from './tallied-histogram.ts';

const LABELS = ['model', 'version', 'tenant', 'digest'] as const;
const FAILURE_LABELS = ['reason', ...LABELS] as const;
const REASONS: readonly FailureReason[] = ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'];
const BATCH_ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

type VersionLabels = LabelValues<(typeof LABELS)[number]>;
type Value = (snapshot: StatisticsSnapshot) => number;
type Definition = readonly [name: string, help: string, value: Value];
type Reports = Pick<VersionTable, 'reports'>;

/** What is told of a version in one scrape. */
interface Reading {
  readonly labels: VersionLabels;
  readonly snapshot: StatisticsSnapshot;
}

const us = ({ ns }: CountedTime): number => ns / 1000;

/** Under Triton's names, in its meaning: durations are in microseconds and sums over requests that were answered. */
const COUNTERS: readonly Definition[] = [
  ['nv_inference_request_success', 'Requests answered.', ({ success }) => success.count],
  ['nv_inference_count', 'Rows run; not those from the response cache.', (s) => s.inferenceCount],
  ['nv_inference_exec_count', 'Batches run.', (s) => s.executionCount],
  ['nv_inference_request_duration_us', 'From arrival to answer.', (s) => us(s.success)],
  [
    'nv_inference_queue_duration_us',
    'From arrival until a runner began, less the gathering of inputs.',
    (s) => us(s.queue),
  ],
  ['nv_inference_compute_input_duration_us', 'Gathering of inputs.', (s) => us(s.computeInput)],
  ['nv_inference_compute_infer_duration_us', 'Runs of the model.', (s) => us(s.computeInfer)],
  ['nv_inference_compute_output_duration_us', 'From the end of runs to answers.', (s) => us(s.computeOutput)],
  ['nv_cache_num_hits_per_model', 'Requests that the response cache answered.', (s) => s.cacheHit.count],
  ['nv_cache_num_misses_per_model', 'Requests that it did not answer.', (s) => s.cacheMiss.count],
  ['nv_cache_hit_duration_per_model', 'Look-ups of those that it answered.', (s) => us(s.cacheHit)],
  ['nv_cache_miss_duration_per_model', 'Look-ups and additions of others.', (s) => us(s.cacheMiss)],
];

/**
 * Figures of every version that was ever loaded, as ModelStatistics tells them, read once for each scrape. They only
 * grow until the version goes, and their lines with it.
 */
export function exposeVersions(registry: Registry, table: Reports): void {
  const readings = oncePerTurn(() => readingsOf(table));
  for (const [name, help, value] of COUNTERS) {
    new Counter({
      name,
      help,
      labelNames: LABELS,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, snapshot } of readings()) this.inc(labels, value(snapshot));
      },
    });
  }
  exposeFailures(registry, readings);
  exposePending(registry, readings);
  exposeStates(registry, table);
  registry.registerMetric(
    new TalliedHistogram({
      name: 'plumbline_inference_batch_rows',
      help: 'Rows of the batches that ran.',
      labelNames: LABELS,
      buckets: BATCH_ROWS,
      tallies: () =>
        readings().map(({ labels, snapshot }) => ({
          labels,
          counts: snapshot.batches.map(({ rows, computeInfer }) => [rows, computeInfer.count] as const),
        })),
    }),
  );
}

function exposeFailures(registry: Registry, readings: () => readonly Reading[]): void {
  new Counter({
    name: 'nv_inference_request_failure',
    help: 'Requests that were refused or failed.',
    labelNames: FAILURE_LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, snapshot } of readings()) {
        for (const reason of REASONS) this.inc({ reason, ...labels }, snapshot.failures[reason]);
      }
    },
  });
}

function exposePending(registry: Registry, readings: () => readonly Reading[]): void {
  new Gauge({
    name: 'nv_inference_pending_request_count',
    help: 'Requests that wait for a runner.',
    labelNames: LABELS,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, snapshot } of readings()) this.set(labels, snapshot.pendingRequests);
    },
  });
}

/** Every version that is listed or held, also one that failed, with where it stands, for each that has it. */
function exposeStates(registry: Registry, table: Reports): void {
  new Gauge({
    name: 'plumbline_inference_versions',
    help: 'Versions by state: 1 for each in the state that it is in.',
    labelNames: [...LABELS, 'state'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { version, state } of table.reports()) {
        for (const owner of version.owners) this.set({ ...labelsOf(version, owner), state }, 1);
      }
    },
  });
}

function labelsOf({ digest }: ListedVersion, { tenant, model, number }: Owner): VersionLabels {
  return { model, version: String(number), tenant, digest };
}

/** The metrics of a registry are all collected in one turn: what they say of a version belongs together. */
function oncePerTurn<T>(read: () => T): () => T {
  let current: { readonly value: T } | undefined;
  return () => {
    if (current === undefined) {
      current = { value: read() };
      queueMicrotask(() => (current = undefined));
    }
    return current.value;
  };
}

/** A version that several tenants or models have is there once, under the first of them: sums are of work done. */
function readingsOf(table: Reports): Reading[] {
  return table.reports().flatMap(({ version, statistics }) => {
    const [first] = version.owners.toSorted(compareOwners);
    if (statistics === undefined || first === undefined) return [];
    return [{ labels: labelsOf(version, first), snapshot: statistics.snapshot() }];
  });
}
