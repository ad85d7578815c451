import { batcherOptions } from './batcher-options.ts';
import { FakeRunner, SUM_SIGNATURE } from './fake-runner.ts';
import { Batcher } from '../src/domain/batching/batcher.ts';
import { defaultSettings } from '../src/domain/settings/model-settings.ts';
import { RunnerPool } from '../src/domain/batching/runner-pool.ts';
import { VersionStatistics } from '../src/domain/batching/statistics.ts';
import { modelKey, type Listing, type ListedVersion } from '../src/domain/traffic.ts';
import type { ServingVersion } from '../src/domain/versions/find-version.ts';
import type { VersionTableOptions } from '../src/domain/versions/version-steps.ts';
import { VersionTable } from '../src/domain/versions/version-table.ts';

/** Lets what is due in this turn of the loop happen. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Of the model `flights`. */
export const version = (digest: string, number: number, tenant = 'acme'): ListedVersion => ({
  digest,
  files: [],
  owners: [{ tenant, model: 'flights', number }],
});
export const listing = (epoch: bigint, versions: ListedVersion[], champion?: string): Listing => ({
  epoch,
  versions,
  champions: new Map(champion === undefined ? [] : [[modelKey('acme', 'flights'), champion]]),
});

/** A version that answers on a fake runner. */
export function serving(digest: string, statistics = new VersionStatistics()): ServingVersion {
  const pool = (onFree: () => void) =>
    new RunnerPool([new FakeRunner()], {
      reopen: async () => new FakeRunner(),
      depth: 1,
      delay: turn as never,
      onFree,
      onLoss: () => undefined,
    });
  const batcher = new Batcher(batcherOptions({ maxQueuedRows: 100, nowMs: () => 0, statistics }), pool);
  const invariance = { class: 'INVARIANT' } as const;
  return {
    digest,
    signature: SUM_SIGNATURE,
    rowed: true,
    together: true,
    invariance,
    pinnedRows: 0,
    modelBytes: 1,
    memory: new Map([['cpu', 10]]),
    settings: defaultSettings({ maxBatchRows: 8, runners: 1, device: 'cpu' }),
    statistics,
    batcher,
  };
}

/** A table on a clock of the test, what it tells, and the alarms that it set. */
export function tableBench(
  load: VersionTableOptions['load'] = async ({ digest }, statistics) => serving(digest, statistics),
  budgetBytes = 0,
) {
  const changes: string[] = [];
  const alarms: (() => void)[] = [];
  const state = { now: 0 };
  const table = new VersionTable({
    load,
    nowMs: () => state.now,
    concurrentLoads: 1,
    graceMs: 100,
    onUnexpected: (digest, error) => changes.push(`${digest} ${String(error)}`),
    onChange: (digest, standing) => changes.push(`${digest} ${standing}`),
    memory: {
      budgetBytes,
      minIdleMs: 10,
      estimate: ({ digest }) => new Map([['cpu', digest === 'huge' ? 99 : 10]]),
      alarm: (_ms, ring) => {
        alarms.push(ring);
        return () => undefined;
      },
    },
  });
  return { table, changes, state, alarms };
}
