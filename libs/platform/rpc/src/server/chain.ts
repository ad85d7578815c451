import type { RunCall, ServerCall } from './call.ts';

/**
 * An interceptor of this library, which may see the transport's side of a call. What one throws before it returns its
 * promise, `supervise` turns into a rejection.
 */
export type ServerInterceptor = (call: ServerCall, next: () => Promise<void>) => Promise<void>;

/** Joins interceptors, outermost first, around a handler. Done once per method, when the server is built. */
export function composeChain(interceptors: readonly ServerInterceptor[], handler: RunCall): RunCall {
  return interceptors.reduceRight<RunCall>(
    (next, interceptor) => (call) => interceptor(call, () => next(call)),
    handler,
  );
}
