import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListQuarantineRequest, ListQuarantineResponseSchema } from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import { listQuarantine, type QuarantineStore } from '../domain/quarantine.ts';

export async function handleListQuarantine(
  store: QuarantineStore,
  { source, pageSize, pageToken }: ListQuarantineRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof ListQuarantineResponseSchema>> {
  const page = await listQuarantine(store, requireTenant(context), source, pageSize, pageToken);
  return {
    rows: page.rows.map(({ id: _, ...row }) => row),
    total: BigInt(page.total),
    nextPageToken: page.nextPageToken,
  };
}
