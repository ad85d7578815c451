import { availableParallelism } from 'node:os';
import type { Log } from '@plumbline/service';
import type { InferenceConfig } from './config.ts';
import { deviceShares } from './domain/batching/device-share.ts';
import type { Device } from './domain/runners/devices.ts';
import { HOST, type Memory } from './domain/versions/memory-ledger.ts';
import { openVersion, type OpenOptions } from './domain/versions/open-version.ts';
import type { Engine } from './domain/runners/runner.ts';
import type { ListedVersion } from './domain/traffic.ts';
import { VersionTable, type VersionTableOptions } from './domain/versions/version-table.ts';
import { memoryEstimate } from './engine/memory-estimate.ts';
import type { Origin } from './sources/origin.ts';
import { versionArtifacts } from './store/version-artifacts.ts';
import { alarm, delay } from './timers.ts';
import { describeStart, VersionNames } from './version-names.ts';

/** The table of versions, empty, that opens what it is told to follow on the engine. */
export function versionTable(
  values: InferenceConfig,
  engine: Engine,
  { contents, graceMs }: Origin,
  log: Log,
  onChange: VersionTableOptions['onChange'],
): VersionTable {
  const names = new VersionNames();
  const options: OpenOptions = {
    ...values,
    artifacts: versionArtifacts(contents),
    engine,
    nowMs: () => performance.now(),
    soon: setImmediate,
    delay,
    alarm,
    shareOf: deviceShares((device) => values.deviceRuns || defaultRuns(device)),
    onRunnerLoss: (digest, error) =>
      log.error({ ...nameOf(digest), error }, 'a runner was lost; it is being replaced'),
    onVariance: ({ digest, owners }, notice) =>
      log.warn(
        { digest, owners, ...notice },
        'rows of this model may be answered differently with other rows beside them',
      ),
  };
  const nameOf = (digest: string) => {
    names.learn(table.reports().map(({ version }) => version));
    return names.of(digest);
  };
  const table = new VersionTable({
    load: (version, signal) => openVersion(version, options, signal),
    nowMs: options.nowMs,
    concurrentLoads: values.concurrentLoads,
    graceMs,
    onUnexpected: (digest, error) => log.error({ ...nameOf(digest), error }, 'a load failed unexpectedly'),
    onChange: (digest, state, failure) => {
      const name = nameOf(digest);
      if (failure === undefined) log.info({ ...name, state }, 'a version changed its state');
      else {
        const { reason, detail: error } = failure;
        log.error({ ...name, state, reason, error }, 'a version failed to load');
      }
      if (state === 'GONE') names.forget(digest);
      onChange(digest, state, failure);
    },
    memory: {
      budgetBytes: values.memoryBudgetMib * 2 ** 20,
      minIdleMs: values.memoryMinIdleMs,
      estimate: (version) => estimateMemory(version, values.runners),
      alarm,
    },
  });
  void logStart(table, values.modelRepository ?? `registry ${values.registryAddress}`, log);
  return table;
}

/** One line, once everything of the first listing answers or has failed. */
async function logStart(table: VersionTable, source: string, log: Log): Promise<void> {
  const nothing = table.listing;
  await table.until(() => table.listing !== nothing && table.settled, new AbortController().signal);
  log.info({ source }, describeStart(table.reports(), source));
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
