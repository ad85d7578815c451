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
import { decodeMessage, encodeMessage } from '../message-codec.ts';
import type { CallOptions } from './call-options.ts';
import { opened, type Channel } from './channel.ts';
import { rawUnary } from './raw-unary.ts';
import { bidiStreamingCall, clientStreamingCall, serverStreamingCall } from './streaming-calls.ts';

type ClientMethod<M extends DescMethod> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageInitShape<I>, options?: CallOptions) => Promise<MessageShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageInitShape<I>, options?: CallOptions) => AsyncIterable<MessageShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageInitShape<I>>, options?: CallOptions) => Promise<MessageShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (
              requests: AsyncIterable<MessageInitShape<I>>,
              options?: CallOptions,
            ) => AsyncIterable<MessageShape<O>>
          : never;

/** A service's methods by camelCase name. Failures arrive as the ServiceError that the server threw. */
export type Client<S extends DescService> = {
  readonly [K in keyof S['method']]: ClientMethod<S['method'][K]>;
};

/** A typed client. It holds nothing: make as many as you like over one channel. */
export function createClient<S extends DescService>(service: S, channel: Channel): Client<S> {
  const methods = Object.entries(service.method).map(([name, method]) => [
    name,
    clientMethod(method, channel),
  ]);
  return Object.fromEntries(methods) as Client<S>;
}

type Init = MessageInitShape<DescMessage>;

function clientMethod(method: DescMethod, channel: Channel): unknown {
  const path = `${method.parent.typeName}/${method.name}`;
  const encode = (request: Init): Buffer => encodeMessage(method.input, request);
  const decode = (response: Buffer): unknown => decodeMessage(method.output, response);
  const open = opened(channel);
  switch (method.methodKind) {
    case 'unary':
      return async (request: Init, options?: CallOptions) =>
        decode((await rawUnary(channel, path, encode(request), options)).response);
    case 'server_streaming':
      return (request: Init, options: CallOptions = {}) =>
        mapEach(serverStreamingCall(open, path, encode(request), options), decode);
    case 'client_streaming':
      return async (requests: AsyncIterable<Init>, options: CallOptions = {}) =>
        decode(await clientStreamingCall(open, path, mapEach(requests, encode), options));
    case 'bidi_streaming':
      return (requests: AsyncIterable<Init>, options: CallOptions = {}) =>
        mapEach(bidiStreamingCall(open, path, mapEach(requests, encode), options), decode);
  }
}

async function* mapEach<A, B>(values: AsyncIterable<A>, map: (value: A) => B): AsyncGenerator<B> {
  for await (const value of values) yield map(value);
}
