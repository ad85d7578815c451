import type { MessageInitShape } from '@bufbuild/protobuf';
import type { SubmitLabelsRequest, SubmitLabelsResponseSchema } from '@plumbline/contract-monitor';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Label, Submitted } from '../domain/submit-labels.ts';

export type SubmitLabels = (
  tenant: string,
  labels: readonly Label[],
  completeUntilUs: bigint,
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
  const { joined, waiting } = await submit(tenant, labels, request.completeUntilUs);
  return { joined: BigInt(joined), waiting: BigInt(waiting) };
}
