import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type {
  Server,
  ServerDuplexStream,
  ServerReadableStream,
  handleUnaryCall,
  sendUnaryData,
} from '@grpc/grpc-js';
import { toGrpcMetadata } from '../context/metadata.ts';
import type { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import { toServiceError } from '../status/to-service-error.ts';
import type { ServedMethod, ServerCall } from './call.ts';
import { failureStatus } from './grpc-status.ts';
import type { IncomingCall } from './incoming-call.ts';
import { cancelledByClient, closeCall, openCall, type GrpcTransport, type OpenedCall } from './open-call.ts';
import { Outgoing } from './outgoing.ts';

type ClientStream = ServerReadableStream<Buffer, Buffer>;
type Bidi = ServerDuplexStream<Buffer, Buffer>;
type Reading = Pick<Readable, 'iterator'>;
type AnyCall = ClientStream | Bidi;

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
      add(notReached, 'unary');
      return;
    case 'client_streaming':
      add((call: ClientStream, done: sendUnaryData<Buffer>) => {
        answerOnce(call, done, method, transport);
      }, 'clientStream');
      return;
    case 'server_streaming':
    case 'bidi_streaming':
      add((call: Bidi) => {
        answerMany(call, method, transport);
      }, 'bidi');
      return;
  }
}

/** Unary calls are served on their streams: see unary-stream.ts. */
function notReached(): void {
  throw rpcErrors.INTERNAL('grpc-js served a unary call by itself');
}

function answerOnce(
  call: ClientStream,
  done: sendUnaryData<Buffer>,
  method: ServedMethod,
  transport: GrpcTransport,
): void {
  const { context, incoming } = openStream(call, method, transport);
  const serverCall: ServerCall = { requests: readAll(call, incoming), method: method.info, context };
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
      closeCall(context, transport);
    });
}

/** Serves server streams too: grpc-js would show theirs only with the whole request. */
function answerMany(call: Bidi, method: ServedMethod, transport: GrpcTransport): void {
  const { context, incoming } = openStream(call, method, transport);
  const requests = readAll(call, incoming);
  const outgoing = new Outgoing(call);
  const receiving =
    method.info.kind === 'server_streaming' ? { receive: () => readOne(requests) } : { requests };
  let headersSent = false;
  const send = (response: Buffer): Promise<void> => {
    if (!headersSent) {
      headersSent = true;
      sendHeaders(call, context);
    }
    return outgoing.write(response);
  };
  method
    .run({ ...receiving, send, method: method.info, context })
    .then(() => {
      if (!headersSent) sendHeaders(call, context);
      call.end(toGrpcMetadata(context.responseTrailers));
      outgoing.whenWritten(incoming, () => undefined);
    })
    .catch((error: unknown) => {
      if (!headersSent) sendHeaders(call, context);
      const status = failureStatus(toServiceError(error), context.responseTrailers);
      outgoing.whenWritten(incoming, () => call.emit('error', status));
    })
    .finally(() => {
      closeCall(context, transport);
    });
}

function openStream(call: AnyCall, method: ServedMethod, transport: GrpcTransport): OpenedCall {
  const opened = openCall(call.metadata, method, transport);
  const events: EventEmitter = call;
  events.on('cancelled', () => {
    cancelledByClient(opened.context);
  });
  return opened;
}

/** Without response headers of our own, grpc-js sends them with the first message, or the trailers alone. */
function sendHeaders(call: AnyCall, { responseHeaders }: ServerCallContext): void {
  if (!responseHeaders.isEmpty) call.sendMetadata(toGrpcMetadata(responseHeaders));
}

/** Reads without destroying the call when the handler stops reading: it still has an answer to send. */
async function* readAll(call: Reading, incoming: IncomingCall): AsyncGenerator<Buffer> {
  for await (const request of call.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    incoming.taken();
    yield request;
  }
}

async function readOne(requests: AsyncIterable<Buffer>): Promise<Buffer> {
  let only: Buffer | undefined;
  for await (const request of requests) {
    if (only !== undefined) throw rpcErrors.WRONG_MESSAGE_COUNT('the call brings more than one request');
    only = request;
  }
  if (only === undefined) throw rpcErrors.WRONG_MESSAGE_COUNT('the call brings no request');
  return only;
}
