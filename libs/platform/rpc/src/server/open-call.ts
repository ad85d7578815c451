import type { Metadata } from '@grpc/grpc-js';
import { GrpcMetadataView } from '../context/metadata.ts';
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

/** Starts the context of a call that grpc-js shows: its deadline counts from here, before any byte of its request. */
export function openCall(
  metadata: Metadata,
  { info, limits }: ServedMethod,
  { log, calls, admission }: GrpcTransport,
): OpenedCall {
  const incoming = admission.shown;
  const requested = parseTimeout(incoming.timeout);
  const context = new ServerCallContext({
    method: info.path,
    requestMetadata: new GrpcMetadataView(metadata),
    timeoutMs: clampTimeoutMs(requested ?? undefined, limits),
    log,
  });
  if (requested === null) context.cancel(rpcErrors.INVALID_TIMEOUT('grpc-timeout cannot be read'));
  calls.enter(context);
  incoming.open(context, info.kind === 'client_streaming' || info.kind === 'bidi_streaming');
  return { context, incoming };
}

/** grpc-js says this at the end of every call. Building an error costs microseconds, so only where it is needed. */
export function cancelledByClient(context: ServerCallContext): void {
  if (context.cancellation !== undefined) return;
  context.cancel(rpcErrors.CALL_CANCELLED('the client cancelled the call'));
}

export function closeCall(context: ServerCallContext, { calls }: GrpcTransport): void {
  calls.leave(context);
  context.close();
}
