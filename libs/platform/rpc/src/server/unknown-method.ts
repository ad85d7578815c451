import { rpcErrors } from '../errors.ts';
import { UNKNOWN_METHOD } from '../metrics.ts';
import type { ServedMethod } from './call.ts';
import { composeChain, type ServerInterceptor } from './chain.ts';

/** No message of such a call is read. */
const LIMITS = { maxMessageBytes: 0, maxDeadlineMs: 30_000, defaultDeadlineMs: 30_000 };

/** Answers every method that the server does not have. As a bidirectional stream it fits calls of any kind. */
export function unknownMethod(interceptors: readonly ServerInterceptor[]): ServedMethod {
  const info = {
    path: UNKNOWN_METHOD,
    service: '',
    name: UNKNOWN_METHOD,
    kind: 'bidi_streaming',
    raw: false,
  } as const;
  const run = composeChain(interceptors, async () => {
    throw rpcErrors.METHOD_NOT_FOUND('the server has no such method');
  });
  return { info, limits: LIMITS, run };
}
