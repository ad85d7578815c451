import type { AuditService } from '@plumbline/contract-audit';
import type { Handler } from '@plumbline/rpc';
import { type Publication } from '../domain/publication.ts';

export function getCheckpoint(
  publication: Publication,
  verifierKey: string,
): Handler<(typeof AuditService.method)['getCheckpoint']> {
  return async () => ({ checkpoint: (await publication.latest()).checkpoint, verifierKey });
}
