import {
  ServerInterceptingCall,
  status,
  type Metadata,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import { toGrpcMetadata } from '../context/metadata.ts';
import type { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import { toServiceError } from '../status/to-service-error.ts';
import type { ServedMethod, ServerCall } from './call.ts';
import { failureStatus } from './grpc-status.ts';
import type { IncomingCall } from './incoming-call.ts';
import { cancelledByClient, closeCall, openCall, type GrpcTransport } from './open-call.ts';

export interface UnaryMethod {
  readonly method: ServedMethod;
  readonly transport: GrpcTransport;
}

/**
 * Serves unary methods, keyed `/package.Service/Method`, from their headers on. The handlers that grpc-js offers run
 * when the whole request is in: too late to refuse it.
 */
export function serveUnary(methods: ReadonlyMap<string, UnaryMethod>): ServerInterceptor {
  return ({ path }, call) => {
    const served = methods.get(path);
    // Calls of other kinds go on as they are; grpc-js's type asks for a wrapper that its code does not need.
    return served === undefined ? (call as ServerInterceptingCall) : new ServedCall(call, served);
  };
}

/** Takes the place of what grpc-js would do with the call. */
class ServedCall extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #served: UnaryMethod;

  constructor(call: ServerInterceptingCallInterface, served: UnaryMethod) {
    super(call);
    this.#call = call;
    this.#served = served;
  }

  override start(): void {
    this.#call.start(new UnaryCall(this.#call, this.#served));
  }
}

class UnaryCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #served: UnaryMethod;
  #context: ServerCallContext | undefined;
  #incoming: IncomingCall | undefined;
  #request: Buffer | undefined;
  #resolve: ((request: Buffer) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  constructor(call: ServerInterceptingCallInterface, served: UnaryMethod) {
    this.#call = call;
    this.#served = served;
  }

  onReceiveMetadata(metadata: Metadata): void {
    const { method, transport } = this.#served;
    const { context, incoming } = openCall(metadata, method, transport);
    this.#context = context;
    this.#incoming = incoming;
    const call: ServerCall = { method: method.info, context, receive: () => this.#receive() };
    method
      .run(call)
      .then(() => {
        this.#answer(call.response, context);
      })
      .catch((error: unknown) => {
        this.#sendHeaders(context);
        this.#call.sendStatus(failureStatus(toServiceError(error), context.responseTrailers));
      })
      .finally(() => {
        closeCall(context, transport);
      });
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#request !== undefined) {
      this.#reject?.(rpcErrors.WRONG_MESSAGE_COUNT('the call brings more than one request'));
      return;
    }
    this.#request = message;
    this.#incoming?.unpacked(message.length);
    this.#call.startRead();
  }

  onReceiveHalfClose(): void {
    if (this.#request === undefined)
      this.#reject?.(rpcErrors.WRONG_MESSAGE_COUNT('the call brings no request'));
    else this.#resolve?.(this.#request);
  }

  onCancel(): void {
    if (this.#context !== undefined) cancelledByClient(this.#context);
  }

  #receive(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#call.startRead();
    });
  }

  #answer(response: Buffer | undefined, context: ServerCallContext): void {
    const trailers = context.responseTrailers;
    this.#sendHeaders(context);
    this.#call.sendMessage(response, () => {
      this.#call.sendStatus({
        code: status.OK,
        details: 'OK',
        metadata: trailers.isEmpty ? null : toGrpcMetadata(trailers),
      });
    });
  }

  /** Without response headers of our own, grpc-js sends them with the message, or the trailers alone. */
  #sendHeaders({ responseHeaders }: ServerCallContext): void {
    if (!responseHeaders.isEmpty) this.#call.sendMetadata(toGrpcMetadata(responseHeaders));
  }
}
