import type { AuditService } from '@plumbline/contract-audit';
import { requireTenant, type CallContext, type Handler } from '@plumbline/rpc';
import { type Publication } from '../domain/publication.ts';
import { type Records } from '../domain/records.ts';
import { kindMessage } from '../codec/commitment.ts';

export function countRecords(
  recordsFor: (call: CallContext) => Records,
  publication: Publication,
): Handler<(typeof AuditService.method)['countRecords']> {
  return async (_request, context) => {
    const { size } = await publication.latest();
    const counts = await recordsFor(context).count(requireTenant(context), size);
    return { counts: counts.map(({ kind, ...numbers }) => ({ kind: kindMessage(kind), ...numbers })) };
  };
}
