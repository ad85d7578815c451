import type { AuditService, GetInclusionProofRequest } from '@plumbline/contract-audit';
import { requireTenant, type CallContext, type Handler } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import { type Prover } from '../domain/prove.ts';
import { type RecordEntry } from '../domain/record.ts';
import { type Records } from '../domain/records.ts';
import { eventIdOf } from './messages.ts';

export function getInclusionProof(
  recordsFor: (call: CallContext) => Records,
  proverFor: (call: CallContext) => Prover,
): Handler<(typeof AuditService.method)['getInclusionProof']> {
  return async (request, context) => {
    if (request.treeSize < 0n) throw errors.INVALID_QUERY('tree_size is negative');
    const entry = await entryOf(recordsFor(context), requireTenant(context), request);
    const treeSize = request.treeSize === 0n ? undefined : request.treeSize;
    const proof = await proverFor(context).inclusion(entry, treeSize, context.signal);
    return {
      leafIndex: entry.leafIndex,
      treeSize: proof.treeSize,
      hashes: [...proof.hashes],
      commitment: entry.commitment.bytes,
      checkpoint: proof.checkpoint ?? '',
    };
  };
}

function entryOf(records: Records, tenant: string, request: GetInclusionProofRequest): Promise<RecordEntry> {
  const { eventId, leafIndex } = request;
  if ((eventId === '') === (leafIndex === undefined)) {
    throw errors.INVALID_QUERY('a record is named by event_id or by leaf_index');
  }
  if (leafIndex === undefined) return records.byEventId(tenant, eventIdOf(eventId));
  if (leafIndex < 0n) throw errors.INVALID_QUERY('leaf_index is negative');
  return records.byLeafIndex(tenant, leafIndex);
}
