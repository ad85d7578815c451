import { ErrorCode, type Http2Stream, type StreamHandler } from '@plumbline/http2';
import { HeadersView } from '../context/headers-view.ts';
import type { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import { toServiceError } from '../status/to-service-error.ts';
import { failureFields, framed, headerFields, successFields } from './answer-fields.ts';
import type { MethodInfo, ServerCall } from './call.ts';
import type { IncomingCall } from './incoming-call.ts';
import { cancelledByClient, closeCall, openContext, type RoutedMethod } from './open-call.ts';
import { RequestStream } from './request-stream.ts';
import type { Stallable } from './stall-watch.ts';

const nothing = (): void => undefined;

/** A call with a stream of requests, of responses, or of both, on its HTTP/2 stream. */
export class StreamingCall implements StreamHandler, Stallable {
  dueMs: number | undefined;
  previous: Stallable | undefined;
  next: Stallable | undefined;
  readonly #method: MethodInfo;
  readonly #context: ServerCallContext;
  readonly #stream: Http2Stream;
  readonly #routed: RoutedMethod;
  readonly #incoming: IncomingCall;
  readonly #onClosed: () => void;
  readonly #requests: RequestStream;
  #isAnswered = false;
  #hasSentHeaders = false;
  #unsentBytes = 0;
  #whenDrained: () => void = nothing;

  constructor(stream: Http2Stream, routed: RoutedMethod, incoming: IncomingCall, onClosed: () => void) {
    const { info, limits } = routed.method;
    this.#method = info;
    this.#stream = stream;
    this.#routed = routed;
    this.#incoming = incoming;
    this.#onClosed = onClosed;
    this.#requests = new RequestStream(stream, incoming, limits.maxMessageBytes);
    this.#context = openContext(new HeadersView(stream.headers), incoming, routed);
  }

  /** Runs the call and answers it. */
  start(): void {
    this.#stream.handle(this);
    const call = this.#call();
    this.#routed.method.run(call).then(
      () => {
        this.#succeed(call.response);
      },
      (error: unknown) => {
        this.#refuse(error);
      },
    );
  }

  data(chunk: Buffer): void {
    this.#requests.data(chunk);
  }

  end(): void {
    this.#requests.end();
  }

  drained(): void {
    this.#whenDrained();
  }

  closed(): void {
    if (!this.#isAnswered) cancelledByClient(this.#context);
    this.#requests.fail(this.#context.cancellation ?? rpcErrors.CALL_CANCELLED('the call is over'));
    this.#incoming.sent(this);
    this.#incoming.close();
    this.#whenDrained();
    this.#onClosed();
  }

  /** Whether the client has taken nothing since this was asked last. */
  get isStalled(): boolean {
    const before = this.#unsentBytes;
    this.#unsentBytes = this.#stream.unsentBytes;
    return this.#unsentBytes === before;
  }

  fail(): void {
    this.#stream.reset(ErrorCode.CANCEL);
  }

  #call(): ServerCall {
    const requests = this.#requests;
    const call = { method: this.#method, context: this.#context };
    const send = (response: Buffer): Promise<void> => this.#send(response);
    const flush = (): void => {
      this.#stream.flush();
    };
    switch (this.#method.kind) {
      case 'client_streaming':
        return { ...call, requests: requests.messages() };
      case 'server_streaming':
        return { ...call, receive: () => requests.only(), send, flush };
      default:
        return { ...call, requests: requests.messages(), send, flush };
    }
  }

  /** Resolves when the client takes more, or the call is over: then the context says so. */
  #send(response: Buffer): Promise<void> {
    this.#sendHeaders();
    if (this.#stream.write(framed(response))) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenDrained = () => {
        this.#whenDrained = nothing;
        resolve();
      };
    });
  }

  #sendHeaders(): void {
    if (this.#hasSentHeaders) return;
    this.#hasSentHeaders = true;
    this.#stream.respond(headerFields(this.#context.responseHeaders));
  }

  #succeed(response: Buffer | undefined): void {
    this.#sendHeaders();
    if (response !== undefined) this.#stream.write(framed(response));
    this.#end(() => {
      this.#stream.end(successFields(this.#context.responseTrailers));
    });
  }

  #refuse(error: unknown): void {
    const { responseHeaders, responseTrailers } = this.#context;
    const status = failureFields(toServiceError(error), responseTrailers);
    this.#end(() => {
      if (this.#hasSentHeaders) this.#stream.end(status);
      else this.#stream.respondOnly([...headerFields(responseHeaders), ...status]);
    });
  }

  /** What was sent before goes first; a client that does not take it loses the call. */
  #end(answer: () => void): void {
    this.#isAnswered = true;
    closeCall(this.#context, this.#routed);
    answer();
    if (this.#stream.isClosed) return;
    this.#unsentBytes = this.#stream.unsentBytes;
    this.#incoming.answered(this);
  }
}
