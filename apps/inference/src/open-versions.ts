import { availableParallelism } from 'node:os';
import type { Log } from '@plumbline/service';
import type { InferenceConfig } from './config.ts';
import { deviceShares } from './domain/batching/device-share.ts';
import type { Device } from './domain/runners/devices.ts';
import { HOST, type Memory } from './domain/versions/memory-ledger.ts';
import { openVersion, type OpenOptions } from './domain/versions/open-version.ts';
import type { Engine } from './domain/runners/runner.ts';
import type { ListedVersion } from './domain/traffic.ts';
import type { MemoryOptions } from './domain/versions/version-memory.ts';
import type { VersionTableOptions } from './domain/versions/version-steps.ts';
import { VersionTable } from './domain/versions/version-table.ts';
import { memoryEstimate } from './engine/memory-estimate.ts';
import type { Origin } from './sources/origin.ts';
import { versionArtifacts } from './store/version-artifacts.ts';
import { alarm, delay } from './timers.ts';
import { VersionLog } from './version-log.ts';

/** The table of versions, empty, that opens what it is told to follow on the engine. */
export function versionTable(
  values: InferenceConfig,
  engine: Engine,
  { contents, graceMs }: Origin,
  log: Log,
  onChange: VersionTableOptions['onChange'],
): VersionTable {
  const told = new VersionLog(log, () => table.reports());
  const options = openOptions(values, engine, contents, told);
  const table = new VersionTable({
    load: (version, statistics, signal) => openVersion(version, statistics, options, signal),
    nowMs: options.nowMs,
    concurrentLoads: values.concurrentLoads,
    graceMs,
    onUnexpected: (digest, error) => told.failedUnexpectedly(digest, error),
    onChange: (digest, state, failure) => {
      told.changed(digest, state, failure);
      onChange(digest, state, failure);
    },
    memory: memoryOptions(values),
  });
  void tellStart(table, values.modelRepository ?? `registry ${values.registryAddress}`, told);
  return table;
}

function openOptions(
  values: InferenceConfig,
  engine: Engine,
  contents: Origin['contents'],
  told: VersionLog,
): OpenOptions {
  return {
    ...values,
    artifacts: versionArtifacts(contents),
    engine,
    nowMs: () => performance.now(),
    soon: setImmediate,
    delay,
    alarm,
    shareOf: deviceShares((device) => values.deviceRuns || defaultRuns(device)),
    onRunnerLoss: (digest, error) => told.runnerLost(digest, error),
    onVariance: (version, notice) => told.varies(version, notice),
    onRefusal: (version, refusal) => told.refused(version, refusal),
  };
}

function memoryOptions(values: InferenceConfig): MemoryOptions {
  return {
    budgetBytes: values.memoryBudgetMib * 2 ** 20,
    minIdleMs: values.memoryMinIdleMs,
    estimate: (version) => estimateMemory(version, values.runners),
    alarm,
  };
}

/** One line, once everything of the first listing answers or has failed. */
async function tellStart(table: VersionTable, source: string, told: VersionLog): Promise<void> {
  const nothing = table.listing;
  await table.until(() => table.listing !== nothing && table.settled, new AbortController().signal);
  told.started(source);
}

/** A core runs one model at a time; a GPU copies for one while it computes another. */
function defaultRuns(device: Device): number {
  return device === 'cpu' ? availableParallelism() : 2;
}

/** As far as it is known before the configuration is read and the model opened: then it is measured. */
function estimateMemory({ files }: ListedVersion, runners: number): Memory {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0);
  return new Map([[HOST, memoryEstimate(bytes, 0) * runners]]);
}
