import type { MessageInitShape } from '@bufbuild/protobuf';
import type { EvaluateVersionsRequest, EvaluateVersionsResponseSchema } from '@plumbline/contract-trainer';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import {
  evaluateVersions as evaluate,
  type EvaluationTools,
} from '../domain/evaluation/evaluate-versions.ts';
import { specInvalid, violation } from '../domain/training/training-spec.ts';
import { datasetMessage, datasetRequestOf } from '../messages/dataset.ts';
import { metricMessage } from '../messages/metric.ts';

export async function evaluateVersions(
  toolsFor: (tenant: string, context: CallContext) => EvaluationTools,
  request: EvaluateVersionsRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof EvaluateVersionsResponseSchema>> {
  if (!request.rows) throw specInvalid([violation('rows', 'is missing')]);
  const { dataset, versions, differences } = await evaluate(
    { ...request, rows: datasetRequestOf(request.rows) },
    toolsFor(requireTenant(context), context),
    context.signal,
  );
  return {
    dataset: datasetMessage(dataset),
    versions: versions.map(({ metrics, ...version }) => ({
      ...version,
      metrics: metrics.map(metricMessage),
    })),
    differences: differences.map(({ difference, ...rest }) => ({
      ...rest,
      difference: metricMessage(difference),
    })),
  };
}
