import type { AuditService } from '@plumbline/contract-audit';
import { requireTenant, type CallContext, type Handler } from '@plumbline/rpc';
import { type Records } from '../domain/records.ts';
import { eventIdOf, recordMessage } from './messages.ts';

export function getRecord(
  recordsFor: (call: CallContext) => Records,
): Handler<(typeof AuditService.method)['getRecord']> {
  return async ({ eventId }, context) => {
    const records = recordsFor(context);
    const entry = await records.byEventId(requireTenant(context), eventIdOf(eventId));
    return { record: recordMessage(await records.withPayload(entry)) };
  };
}
