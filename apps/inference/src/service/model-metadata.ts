import { requireTenant, type Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';
import type { TensorSpec } from '../domain/signature.ts';
import { goesOnAnswering, ownedReports } from '../domain/versions/version-reports.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';

type ModelMetadata = Handler<(typeof GRPCInferenceService)['method']['modelMetadata']>;

/** Inputs, outputs and facts of a tenant's model. */
export function modelMetadata(table: VersionTable): ModelMetadata {
  return ({ name, version }, context) => {
    const tenant = requireTenant(context);
    const { invariance, pinnedRows, digest, signature } = table.describe(tenant, name, version).facts;
    const difference = invariance.class === 'VARIANT' ? invariance.largestDifference : undefined;
    return {
      name,
      versions: [
        ...new Set(
          ownedReports(table.reports(), tenant, name)
            .filter(({ report }) => goesOnAnswering(report))
            .map(({ owner }) => owner.number)
            .sort((left, right) => right - left)
            .map(String),
        ),
      ],
      platform: 'onnxruntime_onnx',
      inputs: signature.inputs.map(tensorMetadata),
      outputs: signature.outputs.map(tensorMetadata),
      properties: {
        digest,
        invariance: invariance.class,
        ...(difference === undefined ? {} : { invariance_difference: String(difference) }),
        ...(pinnedRows === 0 ? {} : { invariance_rows: String(pinnedRows) }),
      },
    };
  };
}

function tensorMetadata({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape: shape.map(BigInt) };
}
