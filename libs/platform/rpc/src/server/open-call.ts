import type { ReadonlyMetadata } from '../context/metadata.ts';
import { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ServedMethod } from './call.ts';
import type { IncomingCall } from './incoming-call.ts';
import type { InFlightCalls } from './in-flight.ts';
import { clampTimeoutMs } from './limits.ts';
import { parseTimeout } from './request-timeout.ts';

/** A method, and what its calls count among. */
export interface RoutedMethod {
  readonly method: ServedMethod;
  readonly log: Log;
  readonly calls: InFlightCalls;
}

/** Starts the context of a call: its deadline counts from here, before any byte of its request. */
export function openContext(
  requestMetadata: ReadonlyMetadata,
  incoming: IncomingCall,
  { method: { info, limits }, log, calls }: RoutedMethod,
): ServerCallContext {
  const requested = parseTimeout(incoming.timeout);
  const timeoutMs = clampTimeoutMs(requested ?? undefined, limits);
  const context = new ServerCallContext({ method: info.path, requestMetadata, timeoutMs, log });
  if (requested === null) context.cancel(rpcErrors.INVALID_TIMEOUT('grpc-timeout cannot be read'));
  calls.enter(context);
  incoming.open(context, info.kind === 'client_streaming' || info.kind === 'bidi_streaming');
  return context;
}

/** Said at the end of every call. Building an error costs microseconds, so only where it is needed. */
export function cancelledByClient(context: ServerCallContext): void {
  if (context.cancellation !== undefined) return;
  context.cancel(rpcErrors.CALL_CANCELLED('the client cancelled the call'));
}

export function closeCall(context: ServerCallContext, { calls }: RoutedMethod): void {
  calls.leave(context);
  context.close();
}
