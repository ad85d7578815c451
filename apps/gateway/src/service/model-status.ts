import type { GRPCInferenceService } from '@plumbline/contract-oip';
import type { Handlers } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { RoutingTable } from '../domain/routing.ts';
import { requireScope, requireTable } from './call.ts';

type StatusHandlers = Pick<
  Handlers<typeof GRPCInferenceService>,
  'serverLive' | 'serverReady' | 'modelReady' | 'serverMetadata' | 'modelMetadata'
>;

/** The descriptive RPCs of the Open Inference Protocol, answered from the routing table: a model is a route here. */
export function modelStatusHandlers(table: () => RoutingTable | undefined): StatusHandlers {
  return {
    serverLive: async () => ({ live: true }),
    serverReady: async () => ({ ready: table() !== undefined }),
    serverMetadata: async () => ({ name: 'plumbline-gateway', version: '2', extensions: [] }),
    modelReady: async ({ name }, context) => ({
      ready: (table()?.route(context.tenant, name)?.variants.length ?? 0) > 0,
    }),
    modelMetadata: async ({ name }, context) => {
      requireScope(context, 'predict');
      const current = requireTable(table());
      const plan = current.route(context.tenant, name);
      if (plan === undefined)
        throw errors.ROUTE_NOT_FOUND(`no route "${name}" in this tenant`, { metadata: { route: name } });
      const digest = plan.variants[0]?.digest;
      const signature = digest === undefined ? undefined : current.signature(digest);
      if (signature === undefined)
        throw errors.NO_VERSION_RELEASED(`route "${name}" has no released version yet`);
      const tensors = (list: typeof signature.outputs) =>
        list.map((tensor) => ({
          name: tensor.name,
          datatype: tensor.datatype,
          shape: tensor.shape.map(BigInt),
        }));
      return {
        name,
        versions: plan.variants.map((variant) => variant.digest),
        platform: 'onnxruntime_onnx',
        inputs: tensors(signature.inputs),
        outputs: tensors(signature.outputs),
      };
    },
  };
}
