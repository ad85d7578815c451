import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListQuarantineRequest, ListQuarantineResponseSchema } from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Catalogues } from '../domain/catalogues.ts';
import { listQuarantine, type QuarantineStore } from '../domain/quarantine.ts';

export async function handleListQuarantine(
  { catalogues, quarantine }: { readonly catalogues: Catalogues; readonly quarantine: QuarantineStore },
  { source, pageSize, pageToken }: ListQuarantineRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof ListQuarantineResponseSchema>> {
  const tenant = requireTenant(context);
  if (source !== '') await catalogues.use(tenant, async (catalogue) => catalogue.source(source));
  const page = await listQuarantine(quarantine, tenant, source, pageSize, pageToken);
  return {
    rows: page.rows.map(({ id: _, ...row }) => row),
    total: BigInt(page.total),
    nextPageToken: page.nextPageToken,
  };
}
