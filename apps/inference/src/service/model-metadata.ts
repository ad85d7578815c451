import { requireTenant, type Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';
import type { TensorSpec } from '../domain/signature.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';

type ModelMetadata = Handler<(typeof GRPCInferenceService)['method']['modelMetadata']>;

/** Inputs, outputs and facts of a tenant's model. */
export function modelMetadata(table: VersionTable): ModelMetadata {
  return ({ name, version }, context) => {
    const tenant = requireTenant(context);
    const { invariance, digest, signature } = table.describe(tenant, name, version).facts;
    const rows = invariance.class === 'UNTESTED' ? undefined : invariance.rows;
    const difference = invariance.class === 'VARIANT' ? invariance.largestDifference : undefined;
    return {
      name,
      versions: [
        ...new Set(
          table
            .versionsOf(tenant, name)
            .filter(({ report }) => table.answers(report.version.digest))
            .map(({ owner }) => String(owner.number)),
        ),
      ],
      platform: 'onnxruntime_onnx',
      inputs: signature.inputs.map(tensorMetadata),
      outputs: signature.outputs.map(tensorMetadata),
      properties: {
        digest,
        invariance: invariance.class,
        ...(difference === undefined ? {} : { invariance_difference: String(difference) }),
        ...(rows === undefined ? {} : { invariance_rows: String(rows) }),
      },
    };
  };
}

function tensorMetadata({ name, datatype, shape }: TensorSpec) {
  return { name, datatype, shape: shape.map(BigInt) };
}
