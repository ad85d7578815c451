import { Invariance, VersionState, type InferenceService } from '@plumbline/contract-inference';
import type { Handler } from '@plumbline/rpc';
import type { WorkCounts } from '../domain/batching/statistics.ts';
import type { ProviderReport } from '../domain/runners/runner.ts';
import type { VersionReport } from '../domain/versions/version-reports.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';

export interface GetStatusOptions {
  readonly table: VersionTable;
  readonly replicaId: string;
  readonly providers: readonly ProviderReport[];
}

type GetStatus = Handler<(typeof InferenceService)['method']['getStatus']>;

/** What this replica holds, over all tenants. */
export function getStatus({ table, replicaId, providers }: GetStatusOptions): GetStatus {
  return () => ({
    replicaId,
    epoch: table.listing.epoch,
    versions: table.reports().map(versionStatus),
    providers: providers.flatMap(({ device, available }) => (available ? [device] : [])),
    providerReports: providers.map((report) => ({ ...report })),
  });
}

const STATES = {
  LOADING: VersionState.LOADING,
  READY: VersionState.READY,
  DRAINING: VersionState.DRAINING,
  FAILED: VersionState.FAILED,
  EVICTED: VersionState.EVICTED,
} as const;

const CLASSES = {
  INVARIANT: Invariance.INVARIANT,
  VARIANT: Invariance.VARIANT,
  UNTESTED: Invariance.UNSPECIFIED,
} as const;

const NO_COUNTS: WorkCounts = { requests: 0, rows: 0, batches: 0 };

function versionStatus({ version, state, facts, failure, statistics }: VersionReport) {
  const invariance = facts?.invariance ?? { class: 'UNTESTED' as const };
  const { requests, rows, batches } = statistics?.counts ?? NO_COUNTS;
  return {
    model: version.owners[0]?.model ?? '',
    digest: version.digest,
    state: STATES[state],
    invariance: CLASSES[invariance.class],
    invarianceDifference: invariance.class === 'VARIANT' ? invariance.largestDifference : 0,
    invarianceRows: facts?.pinnedRows ?? 0,
    failureReason: failure?.reason ?? '',
    failureDetail: failure?.detail ?? '',
    requests: BigInt(requests),
    rows: BigInt(rows),
    batches: BigInt(batches),
    modelBytes: BigInt(facts?.modelBytes ?? 0),
  };
}
