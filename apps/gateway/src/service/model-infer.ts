import { formatCaller, requireTenant, type CallContext } from '@plumbline/rpc';
import { infer, type InferPorts } from '../domain/infer.ts';
import type { RoutingTable } from '../domain/routing.ts';
import { instantFrom, requireScope, requireTable } from './call.ts';

export interface ModelInferDependencies {
  readonly table: () => RoutingTable | undefined;
  readonly ports: (context: CallContext) => InferPorts;
}

/**
 * inference.GRPCInferenceService/ModelInfer: model_name is the route's name. Metadata: `plumbline-prediction-id` (UUID,
 * sent back either way), `plumbline-sticky-key`, `plumbline-as-of-us` (needs the scope "as-of").
 */
export async function handleModelInfer(
  { table, ports }: ModelInferDependencies,
  request: Buffer,
  context: CallContext,
): Promise<Buffer> {
  requireScope(context, 'predict');
  const asOfUs = instantFrom(context.requestMetadata);
  if (asOfUs !== 0n) requireScope(context, 'as-of');
  const { predictionId, response } = await infer(ports(context), requireTable(table()), {
    tenant: requireTenant(context),
    caller: formatCaller(context.caller),
    method: context.method,
    request,
    predictionId: context.requestMetadata.get('plumbline-prediction-id') ?? '',
    stickyKey: context.requestMetadata.get('plumbline-sticky-key') ?? '',
    asOfUs,
  });
  context.responseTrailers.set('plumbline-prediction-id', predictionId);
  return response;
}
