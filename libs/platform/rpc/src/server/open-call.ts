import type { Metadata } from '@grpc/grpc-js';
import { GrpcMetadataView, type ReadonlyMetadata } from '../context/metadata.ts';
import { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Admission } from './admission.ts';
import type { ServedMethod } from './call.ts';
import type { IncomingCall } from './incoming-call.ts';
import type { InFlightCalls } from './in-flight.ts';
import { clampTimeoutMs } from './limits.ts';
import { parseTimeout } from './request-timeout.ts';

export interface GrpcTransport {
  readonly log: Log;
  readonly calls: InFlightCalls;
  readonly admission: Admission;
}

export interface OpenedCall {
  readonly context: ServerCallContext;
  readonly incoming: IncomingCall;
}

/** Starts the context of a stream of requests that grpc-js shows. */
export function openCall(metadata: Metadata, method: ServedMethod, transport: GrpcTransport): OpenedCall {
  const incoming = transport.admission.shown;
  return { context: openContext(new GrpcMetadataView(metadata), incoming, method, transport), incoming };
}

/** Starts the context of a call: its deadline counts from here, before any byte of its request. */
export function openContext(
  requestMetadata: ReadonlyMetadata,
  incoming: IncomingCall,
  { info, limits }: ServedMethod,
  { log, calls }: GrpcTransport,
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

export function closeCall(context: ServerCallContext, { calls }: GrpcTransport): void {
  calls.leave(context);
  context.close();
}
