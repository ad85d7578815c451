import { ErrorCode, type Http2Stream, type StreamHandler } from '@plumbline/http2';
import { HeadersView } from '../context/headers-view.ts';
import type { ServerCallContext } from '../context/server-call-context.ts';
import { toServiceError } from '../status/to-service-error.ts';
import { failureFields, framed, headerFields, successFields } from './answer-fields.ts';
import type { MethodInfo, ServerCall } from './call.ts';
import type { IncomingCall } from './incoming-call.ts';
import { cancelledByClient, closeCall, openContext, type RoutedMethod } from './open-call.ts';
import { SingleMessage } from './single-message.ts';
import type { Stallable } from './stall-watch.ts';

/** How slowly a client may take an answer, once the time that a request may take to come has passed. */
const LEAST_BYTES_PER_MS = 64;
const NOTHING = Buffer.alloc(0);

/** A unary call on its HTTP/2 stream (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
export class UnaryCall implements ServerCall, StreamHandler, Stallable {
  readonly method: MethodInfo;
  readonly context: ServerCallContext;
  request: Buffer | undefined;
  response: Buffer | undefined;
  dueMs: number | undefined;
  previous: Stallable | undefined;
  next: Stallable | undefined;
  readonly #stream: Http2Stream;
  readonly #routed: RoutedMethod;
  readonly #incoming: IncomingCall;
  readonly #onClosed: () => void;
  readonly #message: SingleMessage;
  #isAnswered = false;
  #takenByMs = Infinity;

  constructor(stream: Http2Stream, routed: RoutedMethod, incoming: IncomingCall, onClosed: () => void) {
    const { method } = routed;
    this.#stream = stream;
    this.#routed = routed;
    this.#incoming = incoming;
    this.#onClosed = onClosed;
    this.#message = new SingleMessage(
      method.limits.maxMessageBytes,
      stream.headers.get('grpc-encoding'),
      incoming,
    );
    this.method = method.info;
    this.context = openContext(new HeadersView(stream.headers), incoming, routed);
  }

  /** Runs the call and answers it. Its bytes are read, and counted, also while its caller is still being identified. */
  start(): void {
    this.#stream.handle(this);
    this.#routed.method.run(this).then(
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

  data(chunk: Buffer): void {
    this.#stream.consumed(chunk.length);
    if (this.#incoming.arrived(chunk) === undefined) this.#message.drop();
    else this.#message.write(chunk);
  }

  end(): void {
    this.#incoming.ended();
    this.#message.end();
  }

  drained(): void {
    // The answer is one message: nothing waits to follow it.
  }

  closed(): void {
    if (!this.#isAnswered) cancelledByClient(this.context);
    this.#incoming.sent(this);
    this.#incoming.close();
    this.#message.drop();
    this.request = undefined;
    this.response = undefined;
    this.#onClosed();
  }

  /** Whether the client has had time enough to take its answer. */
  get isStalled(): boolean {
    return performance.now() >= this.#takenByMs;
  }

  /** An answer that its client does not take would occupy the server for as long as the connection lasts. */
  fail(): void {
    this.#stream.reset(ErrorCode.CANCEL);
  }

  #succeed(): void {
    this.#isAnswered = true;
    const stream = this.#stream;
    const { responseHeaders, responseTrailers } = this.context;
    closeCall(this.context, this.#routed);
    const frame = framed(this.response ?? NOTHING);
    stream.respond(headerFields(responseHeaders));
    stream.write(frame);
    stream.end(successFields(responseTrailers));
    if (!stream.isClosed) this.#takenByMs = this.#incoming.answered(this) + frame.length / LEAST_BYTES_PER_MS;
  }

  #refuse(error: unknown): void {
    this.#isAnswered = true;
    const { responseHeaders, responseTrailers } = this.context;
    closeCall(this.context, this.#routed);
    const status = failureFields(toServiceError(error), responseTrailers);
    this.#stream.respondOnly([...headerFields(responseHeaders), ...status]);
  }
}
