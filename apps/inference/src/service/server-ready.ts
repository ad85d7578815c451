import type { Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';
import type { Readiness } from '../domain/readiness.ts';

type Methods = (typeof GRPCInferenceService)['method'];

/** A server that answers is live. */
export const serverLive: Handler<Methods['serverLive']> = () => ({ live: true });

/** Ready once a snapshot is followed and every version on it answers or has failed. */
export function serverReady(readiness: Readiness): Handler<Methods['serverReady']> {
  return () => ({ ready: readiness.ready });
}
