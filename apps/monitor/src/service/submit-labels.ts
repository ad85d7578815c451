import type { MessageInitShape } from '@bufbuild/protobuf';
import type { SubmitLabelsRequest, SubmitLabelsResponseSchema } from '@plumbline/contract-monitor';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Submitted } from '../domain/submit-labels.ts';
import type { Label } from '../domain/submit-labels.ts';

export type SubmitLabels = (
  tenant: string,
  labels: readonly Label[],
  completeUntilUs: bigint,
  signal: AbortSignal,
) => Promise<Submitted>;

export async function handleSubmitLabels(
  submit: SubmitLabels,
  request: SubmitLabelsRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof SubmitLabelsResponseSchema>> {
  const labels = request.labels.map(({ predictionId, value, knownAtUs }) => ({
    predictionId,
    value,
    knownAtUs,
  }));
  const tenant = requireTenant(context);
  const { joined, waiting } = await submit(tenant, labels, request.completeUntilUs, context.signal);
  return { joined: BigInt(joined), waiting: BigInt(waiting) };
}
