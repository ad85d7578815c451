import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GetCountsRequest, GetCountsResponseSchema } from '@plumbline/contract-monitor';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { CountStore } from '../domain/counts.ts';

export async function handleGetCounts(
  store: CountStore,
  request: GetCountsRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof GetCountsResponseSchema>> {
  return store.count(requireTenant(context), request.model || undefined);
}
