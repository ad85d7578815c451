import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import { HeadersView } from '../context/headers-view.ts';
import type { MetadataMap, MetadataValue } from '../context/metadata.ts';
import type { ServerCallContext } from '../context/server-call-context.ts';
import { toServiceError } from '../status/to-service-error.ts';
import type { MethodInfo, ServedMethod, ServerCall } from './call.ts';
import { closeUnread } from './explain-status.ts';
import { failureStatus } from './grpc-status.ts';
import type { IncomingCall } from './incoming-call.ts';
import { cancelledByClient, closeCall, openContext, type GrpcTransport } from './open-call.ts';
import { SingleMessage } from './single-message.ts';

export interface UnaryMethod {
  readonly method: ServedMethod;
  readonly transport: GrpcTransport;
}

const CONTENT_TYPE = 'application/grpc+proto';
const HEADERS: readonly string[] = [':status', '200', 'content-type', CONTENT_TYPE];
const WITH_TRAILERS = { waitForTrailers: true, sendDate: false };

/** Whether the call is one that `UnaryStream` can serve; grpc-js refuses all others. */
export function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'POST' && headers['content-type']?.startsWith('application/grpc') === true;
}

/**
 * A unary call served on its HTTP/2 stream, past grpc-js, whose objects and events cost more per call than everything
 * else together: with them a small inference ran at 0.5 of a bare grpc-js echo server. The wire format is
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */
export class UnaryStream implements ServerCall {
  readonly method: MethodInfo;
  readonly context: ServerCallContext;
  request: Buffer | undefined;
  response: Buffer | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #served: UnaryMethod;
  readonly #incoming: IncomingCall;
  readonly #message: SingleMessage;
  #answered = false;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    served: UnaryMethod,
    incoming: IncomingCall,
  ) {
    this.#stream = stream;
    this.#served = served;
    this.#incoming = incoming;
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
    this.#stream.on('error', ignoreBrokenStream);
    this.#collect();
    this.#served.method.run(this).then(
      () => {
        this.#succeed();
      },
      (error: unknown) => {
        this.#fail(error);
      },
    );
  }

  receive(): Promise<Buffer> {
    return this.#message.received();
  }

  /** Takes the bytes where the session hands them over: as a readable stream they would cost twice as many turns. */
  #collect(): void {
    const stream = this.#stream;
    const incoming = this.#incoming;
    const message = this.#message;
    stream.push = (chunk: Buffer | null) => {
      if (chunk !== null) {
        if (incoming.arrived(chunk)) message.write(chunk);
        return true;
      }
      stream.push = endReading;
      incoming.ended();
      message.end();
      return stream.push(null);
    };
    stream.read(0);
  }

  /** The stream is over. */
  closed(): void {
    if (!this.#answered) cancelledByClient(this.context);
    this.request = undefined;
    this.response = undefined;
    this.#stream.push = ignoreMore;
  }

  #succeed(): void {
    const { context } = this;
    this.#answered = true;
    closeCall(context, this.#served.transport);
    const stream = this.#stream;
    if (stream.destroyed || stream.closed) return;
    const headers = context.responseHeaders.isEmpty ? HEADERS : flat(HEADERS, context.responseHeaders);
    stream.respond(headers, WITH_TRAILERS);
    const trailers = trailersOf(context);
    stream.on('wantTrailers', () => {
      stream.sendTrailers(trailers);
      closeUnread(stream);
    });
    stream.end(framed(this.response ?? NOTHING));
  }

  #fail(error: unknown): void {
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

/** What a stream's own `push` is. */
const { push: endReading } = Readable.prototype;
const ignoreMore = (): boolean => true;

/** A stream that breaks has closed as well, which says all that matters. */
const ignoreBrokenStream = (): void => undefined;

function flat(headers: readonly string[], metadata: MetadataMap): string[] {
  const joined = [...headers];
  metadata.forEach((name, value) => joined.push(name, asText(value)));
  return joined;
}

function trailersOf({ responseTrailers }: ServerCallContext): OutgoingHttpHeaders {
  const trailers: OutgoingHttpHeaders = { 'grpc-status': '0' };
  responseTrailers.forEach((name, value) => {
    trailers[name] = asText(value);
  });
  return trailers;
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
