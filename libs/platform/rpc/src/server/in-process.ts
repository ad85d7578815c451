import type { RawResponse } from '../client/plain-unary.ts';
import { MetadataMap, type ReadonlyMetadata } from '../context/metadata.ts';
import { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import type { Log } from '../log.ts';
import { toServiceError } from '../status/to-service-error.ts';
import type { ServedMethod, ServerCall } from './call.ts';
import type { InFlightCalls } from './in-flight.ts';
import { clampTimeoutMs } from './limits.ts';
import type { Router } from './router.ts';

export interface InvokeOptions {
  /** What a gRPC client would send: credentials, tenant, request id. */
  readonly metadata?: ReadonlyMetadata;
  /** The caller's patience; by default the method's own deadline. */
  readonly timeoutMs?: number;
  /** Aborts when the caller is gone. */
  readonly signal?: AbortSignal;
  /** Hears of headers and trailers once the call has ended, also where it fails. */
  readonly onTrailers?: (trailers: ReadonlyMetadata) => void;
}

/**
 * Runs a unary method (`package.Service/Method`) from within the process, for façades of other protocols: the same
 * chain as a call from outside, without a connection. A request given as a function is asked for when the caller is
 * known, and counts against the deadline.
 *
 * @throws ServiceError as the method or its chain does; METHOD_NOT_FOUND for a path that is no unary method
 */
export type Invoke = (
  path: string,
  request: Buffer | (() => Promise<Buffer>),
  options?: InvokeOptions,
) => Promise<RawResponse>;

export interface InProcessOptions {
  readonly router: Router;
  /** Answers paths that the router has not, or not as unary methods. */
  readonly unknownMethod: ServedMethod;
  readonly log: Log;
  readonly calls: InFlightCalls;
}

/** What is bounded before a call is anybody's (open calls, bytes of requests) is the façade's to bound. */
export function inProcess({ router, unknownMethod, log, calls }: InProcessOptions): Invoke {
  return async (path, request, { metadata, timeoutMs, signal, onTrailers } = {}) => {
    const served = router.get(path);
    const method = served?.info.kind === 'unary' ? served : unknownMethod;
    const context = new ServerCallContext({
      method: method.info.path,
      requestMetadata: metadata ?? new MetadataMap(),
      timeoutMs: clampTimeoutMs(timeoutMs, method.limits),
      log,
    });
    const unsubscribe = cancelWith(signal, context);
    calls.enter(context);
    try {
      return await run(method, request, context);
    } catch (error) {
      throw toServiceError(error);
    } finally {
      unsubscribe();
      calls.leave(context);
      context.close();
      onTrailers?.(trailersOf(context));
    }
  };
}

async function run(
  { info, run: runCall }: ServedMethod,
  request: Buffer | (() => Promise<Buffer>),
  context: ServerCallContext,
): Promise<RawResponse> {
  const given = typeof request === 'function' ? { receive: request } : { request };
  const call: ServerCall = { method: info, context, ...given };
  await runCall(call);
  if (call.response === undefined) throw rpcErrors.INTERNAL('the method left no response');
  return { response: call.response, trailers: trailersOf(context) };
}

function cancelWith(signal: AbortSignal | undefined, context: ServerCallContext): () => void {
  if (signal === undefined) return () => undefined;
  const cancel = (): void => {
    context.cancel(rpcErrors.CALL_CANCELLED('the client cancelled the call'));
  };
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel);
  return () => {
    signal.removeEventListener('abort', cancel);
  };
}

/** In process there is nothing to send before the answer, so that headers and trailers are one. */
function trailersOf({ responseHeaders, responseTrailers }: ServerCallContext): ReadonlyMetadata {
  if (responseHeaders.isEmpty) return responseTrailers;
  const all = new MetadataMap();
  for (const [name, value] of [...responseHeaders.entries(), ...responseTrailers.entries()])
    all.set(name, value);
  return all;
}
