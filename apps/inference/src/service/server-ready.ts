import type { Handler } from '@plumbline/rpc';
import type { GRPCInferenceService } from '@plumbline/contract-oip';
import type { Readiness } from '../domain/readiness.ts';

type Methods = (typeof GRPCInferenceService)['method'];

/** A server that answers is live. */
export const serverLive: Handler<Methods['serverLive']> = () => ({ live: true });

/** Ready once it is known what to serve and every version of it answers or has failed, until the server stops. */
export function serverReady(readiness: Readiness): Handler<Methods['serverReady']> {
  return () => ({ ready: readiness.ready });
}
