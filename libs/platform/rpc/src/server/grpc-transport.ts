import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import {
  type Metadata,
  type Server,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type handleUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { GrpcMetadataView, toGrpcMetadata } from '../context/metadata.ts';
import { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import type { Log } from '../log.ts';
import { toServiceError } from '../status/to-service-error.ts';
import type { ServedMethod, ServerCall } from './call.ts';
import { TIMEOUT_HEADER } from './grpc-internals.ts';
import { failureStatus } from './grpc-status.ts';
import type { InFlightCalls } from './in-flight.ts';
import { clampTimeoutMs } from './limits.ts';
import { parseTimeout } from './request-timeout.ts';

export interface GrpcTransport {
  readonly log: Log;
  readonly calls: InFlightCalls;
}

type Unary = ServerUnaryCall<Buffer, Buffer>;
type ClientStream = ServerReadableStream<Buffer, Buffer>;
type ServerStream = ServerWritableStream<Buffer, Buffer>;
type Bidi = ServerDuplexStream<Buffer, Buffer>;
type Reading = Pick<Readable, 'iterator'>;
type Writing = Pick<Writable, 'write' | 'destroyed' | 'writableEnded' | 'on' | 'off'>;
type AnyCall = Unary | ClientStream | ServerStream | Bidi;

const identity = (bytes: Buffer): Buffer => bytes;

/** Registers a method with grpc-js, which carries bytes and nothing else. @throws TypeError for a path it has already */
export function registerMethod(server: Server, method: ServedMethod, transport: GrpcTransport): void {
  const path = `/${method.info.path}`;
  const add = (handler: unknown, type: string): void => {
    const added = server.register(path, handler as handleUnaryCall<Buffer, Buffer>, identity, identity, type);
    if (!added) throw new TypeError(`${method.info.path} is implemented twice`);
  };
  switch (method.info.kind) {
    case 'unary':
      add((call: Unary, done: sendUnaryData<Buffer>) => {
        answerOnce(call, { request: call.request }, done, method, transport);
      }, 'unary');
      return;
    case 'client_streaming':
      add((call: ClientStream, done: sendUnaryData<Buffer>) => {
        answerOnce(call, { requests: readAll(call) }, done, method, transport);
      }, 'clientStream');
      return;
    case 'server_streaming':
      add((call: ServerStream) => {
        answerMany(call, { request: call.request }, method, transport);
      }, 'serverStream');
      return;
    case 'bidi_streaming':
      add((call: Bidi) => {
        answerMany(call, { requests: readAll(call) }, method, transport);
      }, 'bidi');
      return;
  }
}

type Requests = Pick<ServerCall, 'request' | 'requests'>;

function answerOnce(
  call: Unary | ClientStream,
  requests: Requests,
  done: sendUnaryData<Buffer>,
  method: ServedMethod,
  transport: GrpcTransport,
): void {
  const context = openContext(call, method, transport);
  const serverCall: ServerCall = { ...requests, method: method.info, context };
  method
    .run(serverCall)
    .then(() => {
      sendHeaders(call, context);
      const trailers = context.responseTrailers;
      done(null, serverCall.response, trailers.isEmpty ? undefined : toGrpcMetadata(trailers));
    })
    .catch((error: unknown) => {
      sendHeaders(call, context);
      done(failureStatus(toServiceError(error), context.responseTrailers));
    })
    .finally(() => {
      closeContext(context, transport);
    });
}

function answerMany(
  call: ServerStream | Bidi,
  requests: Requests,
  method: ServedMethod,
  transport: GrpcTransport,
): void {
  const context = openContext(call, method, transport);
  let headersSent = false;
  const send = (response: Buffer): Promise<void> => {
    if (!headersSent) {
      headersSent = true;
      sendHeaders(call, context);
    }
    return write(call, response);
  };
  method
    .run({ ...requests, send, method: method.info, context })
    .then(() => {
      if (!headersSent) sendHeaders(call, context);
      call.end(toGrpcMetadata(context.responseTrailers));
    })
    .catch((error: unknown) => {
      if (!headersSent) sendHeaders(call, context);
      call.emit('error', failureStatus(toServiceError(error), context.responseTrailers));
    })
    .finally(() => {
      closeContext(context, transport);
    });
}

function openContext(call: AnyCall, method: ServedMethod, { log, calls }: GrpcTransport): ServerCallContext {
  const requested = parseTimeout(takeTimeout(call.metadata));
  const context = new ServerCallContext({
    method: method.info.path,
    requestMetadata: new GrpcMetadataView(call.metadata),
    timeoutMs: clampTimeoutMs(requested ?? undefined, method.limits),
    log,
  });
  if (requested === null) context.cancel(rpcErrors.INVALID_TIMEOUT('grpc-timeout cannot be read'));
  calls.enter(context);
  const events: EventEmitter = call;
  // grpc-js emits this at the end of every call. Building an error costs microseconds, so only where it is needed.
  events.on('cancelled', () => {
    if (context.cancellation !== undefined) return;
    context.cancel(rpcErrors.CALL_CANCELLED('the client cancelled the call'));
  });
  return context;
}

function takeTimeout(metadata: Metadata): string | undefined {
  const value = metadata.get(TIMEOUT_HEADER)[0];
  if (value === undefined) return undefined;
  metadata.remove(TIMEOUT_HEADER);
  return String(value);
}

function closeContext(context: ServerCallContext, { calls }: GrpcTransport): void {
  calls.leave(context);
  context.close();
}

/** Without response headers of our own, grpc-js sends them with the first message, or the trailers alone. */
function sendHeaders(call: AnyCall, { responseHeaders }: ServerCallContext): void {
  if (!responseHeaders.isEmpty) call.sendMetadata(toGrpcMetadata(responseHeaders));
}

/** Reads without destroying the call when the handler stops reading: it still has an answer to send. */
function readAll(call: Reading): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => call.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer> };
}

/** Resolves when the call takes more, or is over: then the context says so. */
function write(call: Writing, response: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (call.destroyed || call.writableEnded || call.write(response)) {
      resolve();
      return;
    }
    const proceed = (): void => {
      call.off('drain', proceed).off('close', proceed);
      resolve();
    };
    call.on('drain', proceed).on('close', proceed);
  });
}
