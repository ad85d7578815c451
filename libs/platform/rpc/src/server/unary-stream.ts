import {
  constants,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { Readable } from 'node:stream';
import { HeadersView } from '../context/headers-view.ts';
import type { MetadataMap, MetadataValue } from '../context/metadata.ts';
import type { ServerCallContext } from '../context/server-call-context.ts';
import { toServiceError } from '../status/to-service-error.ts';
import type { MethodInfo, ServedMethod, ServerCall } from './call.ts';
import { emptyClosedStream } from './closed-stream.ts';
import { closeUnread } from './explain-status.ts';
import { failureStatus } from './grpc-status.ts';
import type { IncomingCall } from './incoming-call.ts';
import { cancelledByClient, closeCall, openContext, type GrpcTransport } from './open-call.ts';
import { SingleMessage } from './single-message.ts';
import type { Stallable } from './stall-watch.ts';

export interface UnaryMethod {
  readonly method: ServedMethod;
  readonly transport: GrpcTransport;
}

const CONTENT_TYPE = 'application/grpc+proto';
const HEADERS: readonly string[] = [':status', '200', 'content-type', CONTENT_TYPE];
const SUCCESS: OutgoingHttpHeaders = { 'grpc-status': '0' };
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false };

/** How slowly a client may take an answer, once the time that a request may take to come has passed. */
const LEAST_BYTES_PER_MS = 64;
const PROTO = /^application\/grpc(?:\+proto)?(?:;|$)/;

/** The HTTP status that refuses a call which is no gRPC call with protobuf messages; undefined: it is one. */
export function misfit(headers: IncomingHttpHeaders): 405 | 415 | undefined {
  if (headers[':method'] !== 'POST') return 405;
  return PROTO.test(headers['content-type'] ?? '') ? undefined : 415;
}

/** The call that is served on a stream, for as long as the stream is open. */
const CALL = Symbol('call');

interface ServedStream extends ServerHttp2Stream {
  [CALL]?: UnaryStream | undefined;
}

/**
 * A unary call served on its HTTP/2 stream, past grpc-js, whose objects and events cost more per call than everything
 * else together: with them a small inference ran at 0.5 of a bare grpc-js echo server. The wire format is
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 *
 * Nothing but a stream's CALL leads from it to the call, and that only until it closes. V8 makes closures that are
 * assigned to a property in the old generation, and Node makes one for each stream (`onwrite` of its WritableState), so
 * every stream outlives the collections of the young generation, and with it all that it holds. For the same reason
 * nothing here assigns a closure to a property.
 */
export class UnaryStream implements ServerCall, Stallable {
  readonly method: MethodInfo;
  readonly context: ServerCallContext;
  request: Buffer | undefined;
  response: Buffer | undefined;
  dueMs: number | undefined;
  previous: Stallable | undefined;
  next: Stallable | undefined;
  readonly #stream: ServedStream;
  readonly #served: UnaryMethod;
  readonly #incoming: IncomingCall;
  readonly #onClosed: () => void;
  readonly #message: SingleMessage;
  #answered = false;
  #takenByMs = Infinity;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    served: UnaryMethod,
    incoming: IncomingCall,
    onClosed: () => void,
  ) {
    this.#stream = stream;
    this.#served = served;
    this.#incoming = incoming;
    this.#onClosed = onClosed;
    this.#message = new SingleMessage(
      served.method.limits.maxMessageBytes,
      headers['grpc-encoding'] as string | undefined,
      incoming,
    );
    this.method = served.method.info;
    this.context = openContext(new HeadersView(headers), incoming, served.method, served.transport);
  }

  /** Runs the call and answers it. Its bytes are read, and counted, also while its caller is still being identified. */
  start(): void {
    const stream = this.#stream;
    stream[CALL] = this;
    stream.on('error', ignoreBrokenStream);
    stream.on('close', streamClosed);
    stream.push = takeBytes;
    stream.read(0);
    this.#served.method.run(this).then(
      () => {
        this.#succeed();
      },
      (error: unknown) => {
        this.#refuse(error);
      },
    );
  }

  receive(): Promise<Buffer> {
    return this.#message.received();
  }

  /** Bytes of the request; null: there are no more. */
  take(chunk: Buffer | null): void {
    if (chunk === null) {
      this.#incoming.ended();
      this.#message.end();
    } else if (this.#incoming.arrived(chunk)) this.#message.write(chunk);
    else this.#message.drop();
  }

  /** The stream is over. */
  closed(): void {
    if (!this.#answered) cancelledByClient(this.context);
    this.#incoming.sent(this);
    this.#incoming.close();
    this.#message.drop();
    this.request = undefined;
    this.response = undefined;
    this.#stream[CALL] = undefined;
    this.#onClosed();
  }

  #succeed(): void {
    const { context } = this;
    this.#answered = true;
    closeCall(context, this.#served.transport);
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const headers = context.responseHeaders.isEmpty ? HEADERS : flat(HEADERS, context.responseHeaders);
    stream.respond(headers, WITH_TRAILERS);
    stream.on('wantTrailers', sendTrailers);
    const frame = framed(this.response ?? NOTHING);
    this.#takenByMs = this.#incoming.answered(this) + frame.length / LEAST_BYTES_PER_MS;
    stream.end(frame);
  }

  /** Those of a call that has succeeded. */
  get trailers(): OutgoingHttpHeaders {
    const { responseTrailers } = this.context;
    if (responseTrailers.isEmpty) return SUCCESS;
    const trailers: OutgoingHttpHeaders = { ...SUCCESS };
    responseTrailers.forEach((name, value) => {
      trailers[name] = asText(value);
    });
    return trailers;
  }

  /** Whether the client has had time enough to take its answer. */
  get isStalled(): boolean {
    return performance.now() >= this.#takenByMs;
  }

  /** An answer that its client does not take would occupy the server for as long as the connection lasts. */
  fail(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #refuse(error: unknown): void {
    const { context } = this;
    this.#answered = true;
    const failure = failureStatus(toServiceError(error), context.responseTrailers);
    closeCall(context, this.#served.transport);
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const headers: OutgoingHttpHeaders = {
      ':status': 200,
      'content-type': CONTENT_TYPE,
      'grpc-status': String(failure.code),
      'grpc-message': encodeURI(failure.details),
    };
    context.responseHeaders.forEach((name, value) => {
      headers[name] = asText(value);
    });
    stream.respond({ ...headers, ...failure.metadata?.toHttp2Headers() }, { endStream: true });
    closeUnread(stream);
  }
}

const NOTHING = Buffer.alloc(0);

/** Takes the bytes where the session hands them over: as a readable stream they would cost twice as many turns. */
function takeBytes(this: ServedStream, chunk: Buffer | null): boolean {
  this[CALL]?.take(chunk);
  return chunk === null ? Readable.prototype.push.call(this, null) : true;
}

function sendTrailers(this: ServedStream): void {
  this.sendTrailers(this[CALL]?.trailers ?? SUCCESS);
  closeUnread(this);
}

function streamClosed(this: ServedStream): void {
  this[CALL]?.closed();
  emptyClosedStream(this);
}

/** A stream that breaks has closed as well, which says all that matters. */
const ignoreBrokenStream = (): void => undefined;

function flat(headers: readonly string[], metadata: MetadataMap): string[] {
  const joined = [...headers];
  metadata.forEach((name, value) => joined.push(name, asText(value)));
  return joined;
}

const asText = (value: MetadataValue): string =>
  typeof value === 'string' ? value : value.toString('base64');

function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
