import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import type { CallContext } from '../context/call-context.ts';
import { decodeMessage, encodeMessage } from '../message-codec.ts';

type Awaitable<T> = T | Promise<T>;

/** The handler of one method, by its kind. Requests arrive decoded and within limits. */
export type Handler<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: CallContext) => Awaitable<MessageInitShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, context: CallContext) => Awaitable<MessageInitShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (
              requests: AsyncIterable<MessageShape<I>>,
              context: CallContext,
            ) => AsyncIterable<MessageInitShape<O>>
          : never;

/** Handlers of a service by camelCase method name. Methods left out answer UNIMPLEMENTED / METHOD_NOT_FOUND. */
export type Handlers<S extends DescService> = { readonly [K in keyof S['method']]?: Handler<S['method'][K]> };

/** Bytes in, bytes out: the serialised request as received, and a serialised response. */
export type RawHandler = (request: Buffer, context: CallContext) => Awaitable<Buffer>;

/** As RawHandler for bidirectional streams: what it does not read of the requests is held back at the client. */
export type RawStreamHandler = (
  requests: AsyncIterable<Buffer>,
  context: CallContext,
) => AsyncIterable<Buffer>;

/** What a method does, in bytes. */
export type MethodBody =
  | { readonly kind: 'unary'; readonly handle: (request: Buffer, context: CallContext) => Awaitable<Buffer> }
  | {
      readonly kind: 'server_streaming';
      readonly handle: (request: Buffer, context: CallContext) => AsyncIterable<Buffer>;
    }
  | {
      readonly kind: 'client_streaming';
      readonly handle: (requests: AsyncIterable<Buffer>, context: CallContext) => Promise<Buffer>;
    }
  | {
      readonly kind: 'bidi_streaming';
      readonly handle: (requests: AsyncIterable<Buffer>, context: CallContext) => AsyncIterable<Buffer>;
    };

export interface MethodImplementation {
  readonly method: DescMethod;
  /** The type to measure requests by, before the body runs; undefined: their bytes alone are limited. */
  readonly input: DescMessage | undefined;
  /** Whether the body was given as bytes to bytes. */
  readonly raw: boolean;
  readonly body: MethodBody;
}

/** Methods of one service, ready to be served. A service may be given in several parts. */
export interface Implementation {
  readonly service: DescService;
  readonly methods: readonly MethodImplementation[];
}

/** Typed handlers for a service. @throws TypeError when a handler names no method */
export function implement<S extends DescService>(service: S, handlers: Handlers<S>): Implementation {
  const methods = Object.entries(handlers)
    .filter(([, handler]) => handler !== undefined)
    .map(([name, handler]) => {
      const method = service.method[name];
      if (method === undefined) throw new TypeError(`${service.typeName} has no method "${name}"`);
      const body = typedBody(method, handler as Handler<DescMethod>);
      return { method, input: method.input, raw: false, body };
    });
  return { service, methods };
}

export interface RawOptions {
  /** Also counts the elements of each request before the handler runs: for handlers that decode it. Default false. */
  readonly countElements?: boolean;
}

/**
 * Handlers that take and give serialised messages, keyed by proto method name (`ModelInfer`). The size limit applies
 * before they run, the element limit where they ask for it; what is inside is theirs to check.
 *
 * @throws TypeError when a handler names no unary method
 */
export function implementRaw(
  service: DescService,
  handlers: Readonly<Record<string, RawHandler>>,
  { countElements = false }: RawOptions = {},
): Implementation {
  const methods = Object.entries(handlers).map(([name, handler]): MethodImplementation => {
    const method = service.methods.find((candidate) => candidate.name === name);
    if (method?.methodKind !== 'unary')
      throw new TypeError(`${service.typeName} has no unary method "${name}"`);
    const input = countElements ? method.input : undefined;
    return { method, input, raw: true, body: { kind: 'unary', handle: handler } };
  });
  return { service, methods };
}

/**
 * As implementRaw, for bidirectional streams; the size limit applies to each message.
 *
 * @throws TypeError when a handler names no bidirectional stream
 */
export function implementRawStreams(
  service: DescService,
  handlers: Readonly<Record<string, RawStreamHandler>>,
): Implementation {
  const methods = Object.entries(handlers).map(([name, handle]): MethodImplementation => {
    const method = service.methods.find((candidate) => candidate.name === name);
    if (method?.methodKind !== 'bidi_streaming')
      throw new TypeError(`${service.typeName} has no bidirectional stream "${name}"`);
    return { method, input: undefined, raw: true, body: { kind: 'bidi_streaming', handle } };
  });
  return { service, methods };
}

type Loose = (request: unknown, context: CallContext) => unknown;

/** The generic types of Handler tie message and method together for the implementer; here they are only bytes. */
function typedBody(method: DescMethod, handler: unknown): MethodBody {
  const { input, output } = method;
  const call = handler as Loose;
  const encode = (response: unknown): Buffer =>
    encodeMessage(output, response as MessageInitShape<DescMessage>);
  const decodeAll = (requests: AsyncIterable<Buffer>): AsyncIterable<unknown> => decodeEach(input, requests);
  switch (method.methodKind) {
    case 'unary':
      return {
        kind: 'unary',
        handle: async (request, context) => encode(await call(decodeMessage(input, request), context)),
      };
    case 'server_streaming':
      return {
        kind: 'server_streaming',
        handle: (request, context) => encodeEach(call(decodeMessage(input, request), context), encode),
      };
    case 'client_streaming':
      return {
        kind: 'client_streaming',
        handle: async (requests, context) => encode(await call(decodeAll(requests), context)),
      };
    case 'bidi_streaming':
      return {
        kind: 'bidi_streaming',
        handle: (requests, context) => encodeEach(call(decodeAll(requests), context), encode),
      };
  }
}

async function* decodeEach(schema: DescMessage, requests: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  for await (const request of requests) yield decodeMessage(schema, request);
}

async function* encodeEach(
  responses: unknown,
  encode: (response: unknown) => Buffer,
): AsyncGenerator<Buffer> {
  for await (const response of responses as AsyncIterable<unknown>) yield encode(response);
}
