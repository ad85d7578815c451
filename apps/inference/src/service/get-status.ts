import { Invariance, VersionState, type InferenceService } from '@plumbline/contract-inference';
import type { Handler } from '@plumbline/rpc';
import type { ProviderReport } from '../domain/runners/runner.ts';
import type { VersionReport, VersionTable } from '../domain/versions/version-table.ts';

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

function versionStatus({ version, state, serving, failure, counts }: VersionReport) {
  const invariance = serving?.invariance ?? { class: 'UNTESTED' as const };
  return {
    model: version.owners[0]?.model ?? '',
    digest: version.digest,
    state: STATES[state],
    invariance: CLASSES[invariance.class],
    invarianceDifference: invariance.class === 'VARIANT' ? invariance.largestDifference : 0,
    failureReason: failure?.reason ?? '',
    failureDetail: failure?.detail ?? '',
    requests: BigInt(counts.requests),
    rows: BigInt(counts.rows),
    batches: BigInt(counts.batches),
    modelBytes: BigInt(serving?.modelBytes ?? 0),
  };
}
