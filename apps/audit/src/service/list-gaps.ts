import type { AuditService } from '@plumbline/contract-audit';
import type { Handler } from '@plumbline/rpc';
import { type Gaps } from '../domain/gaps.ts';

const DEFAULT_MIN_AGE_US = 5_000_000n;

export function listGaps(gaps: Gaps): Handler<(typeof AuditService.method)['listGaps']> {
  return async ({ minAgeUs = DEFAULT_MIN_AGE_US }) => ({ gaps: await gaps.noticedBefore(minAgeUs) });
}
