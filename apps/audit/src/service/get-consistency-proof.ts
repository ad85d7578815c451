import type { AuditService } from '@plumbline/contract-audit';
import type { Handler } from '@plumbline/rpc';
import { type Prover } from '../domain/prove.ts';

export function getConsistencyProof(
  prover: Prover,
): Handler<(typeof AuditService.method)['getConsistencyProof']> {
  return async ({ firstSize, secondSize }, context) => ({
    hashes: [...(await prover.consistency(firstSize, secondSize, context.signal))],
  });
}
