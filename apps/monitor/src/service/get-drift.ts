import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  DriftState,
  type ColumnDriftSchema,
  type GetDriftRequest,
  type GetDriftResponseSchema,
} from '@plumbline/contract-monitor';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import { measureDrift, type DriftStore, type MeasuredDrift } from '../domain/measure-drift.ts';
import type { Versions } from '../domain/monitored-version.ts';

const STATES = {
  STABLE: DriftState.STABLE,
  DRIFTED: DriftState.DRIFTED,
  INSUFFICIENT_DATA: DriftState.INSUFFICIENT_DATA,
} as const;

export async function handleGetDrift(
  store: DriftStore,
  versions: Versions,
  request: GetDriftRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof GetDriftResponseSchema>> {
  const { window, columns } = await measureDrift(store, versions, requireTenant(context), {
    model: request.model,
    digest: request.modelDigest || undefined,
    fromUs: request.fromUs || undefined,
    toUs: request.toUs || undefined,
  });
  const { digest: modelDigest, fromUs, toUs } = window;
  return { columns: columns.map(columnMessage), modelDigest, fromUs, toUs };
}

function columnMessage(column: MeasuredDrift['columns'][number]): MessageInitShape<typeof ColumnDriftSchema> {
  const { name, source, psi, threshold, pValue, qValue, overallPsi, nearestFromUs } = column;
  const { missingRate, baselineMissingRate } = column;
  return {
    ...{ name, source, psi, threshold, pValue, qValue, overallPsi, nearestFromUs },
    ...{ missingRate, baselineMissingRate },
    n: BigInt(column.n),
    m: BigInt(column.m),
    state: STATES[column.state],
  };
}
