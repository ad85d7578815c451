import type { AuditService } from '@plumbline/contract-audit';
import type { CallContext, Handler } from '@plumbline/rpc';
import { type Prover } from '../domain/prove.ts';

export function getConsistencyProof(
  proverFor: (call: CallContext) => Prover,
): Handler<(typeof AuditService.method)['getConsistencyProof']> {
  return async ({ firstSize, secondSize }, context) => ({
    hashes: [...(await proverFor(context).consistency(firstSize, secondSize, context.signal))],
  });
}
