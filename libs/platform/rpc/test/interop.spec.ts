// The interoperability cases that every gRPC implementation runs, by a plain grpc-js client against our server.
import { once, type EventEmitter } from 'node:events';
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import {
  Client,
  Metadata,
  credentials,
  status,
  type ServiceError as GrpcError,
  type StatusObject,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  TestService,
  UnimplementedService,
  type StreamingOutputCallResponse,
} from '@plumbline/contract-grpc-testing';
import { serviceToken } from '../src/index.ts';
import { interopHandlers } from './interop-server.ts';
import { SECRET, adopt, closeAll, serve } from './serve.ts';

const { method } = TestService;
let client: Client;

beforeEach(async () => {
  const { address } = await serve(interopHandlers);
  client = adopt(new Client(address, credentials.createInsecure()));
});
afterEach(closeAll);

const pathOf = ({ parent, name }: DescMethod): string => `/${parent.typeName}/${name}`;
const encoder =
  <D extends DescMessage>(schema: D) =>
  (message: MessageInitShape<D>): Buffer =>
    Buffer.from(toBinary(schema, create(schema, message)));
const decoder =
  <D extends DescMessage>(schema: D) =>
  (bytes: Buffer): MessageShape<D> =>
    fromBinary(schema, bytes);

function withToken(metadata = new Metadata()): Metadata {
  metadata.set('authorization', serviceToken('interop', SECRET));
  return metadata;
}

interface Answer<T> {
  readonly response: T | undefined;
  readonly error: GrpcError | null;
  readonly headers: Metadata | undefined;
  readonly status: StatusObject;
}

function unary<I extends DescMessage, O extends DescMessage>(
  called: DescMethod & { input: I; output: O },
  request: MessageInitShape<I>,
  metadata = withToken(),
): Promise<Answer<MessageShape<O>>> {
  return new Promise((resolve) => {
    let headers: Metadata | undefined;
    let error: GrpcError | null = null;
    let response: MessageShape<O> | undefined;
    const call = client.makeUnaryRequest<MessageInitShape<I>, MessageShape<O>>(
      pathOf(called),
      encoder(called.input),
      decoder(called.output),
      request,
      metadata,
      {},
      (failure, value) => {
        error = failure;
        response = value;
      },
    );
    call.on('metadata', (received) => (headers = received));
    call.on('status', (ended) => {
      setImmediate(() => {
        resolve({ response, error, headers, status: ended });
      });
    });
  });
}

function duplex(metadata = withToken(), options = {}) {
  const { input, output } = method.fullDuplexCall;
  return client.makeBidiStreamRequest(
    pathOf(method.fullDuplexCall),
    encoder(input),
    decoder(output),
    metadata,
    options,
  );
}

/** The status event, which unlike `once` does not reject when the call fails. */
function ending(call: EventEmitter): Promise<StatusObject> {
  call.on('error', () => undefined);
  return new Promise((resolve) => call.on('status', resolve));
}

const bodyLength = ({ payload }: StreamingOutputCallResponse): number => payload?.body.length ?? 0;

const sizes = [31_415, 9, 2_653, 58_979];
const requestSizes = [27_182, 8, 1_828, 45_904];

describe('grpc interop', () => {
  it('empty_unary', async () => {
    const { response } = await unary(method.emptyCall, {});
    expect(response).toMatchObject({ $typeName: 'grpc.testing.Empty' });
  });

  it('large_unary', async () => {
    const request = { responseSize: 314_159, payload: { body: new Uint8Array(271_828) } };
    const { response } = await unary(method.unaryCall, request);
    expect(response?.payload?.body.length).toBe(314_159);
  });

  it('client_streaming', async () => {
    const { input, output } = method.streamingInputCall;
    const answer = await new Promise((resolve, reject) => {
      const call = client.makeClientStreamRequest(
        pathOf(method.streamingInputCall),
        encoder(input),
        decoder(output),
        withToken(),
        (error, response) => {
          if (error) reject(error);
          else resolve(response?.aggregatedPayloadSize);
        },
      );
      for (const size of requestSizes) call.write({ payload: { body: new Uint8Array(size) } });
      call.end();
    });
    expect(answer).toBe(74_922);
  });

  it('server_streaming', async () => {
    const { input, output } = method.streamingOutputCall;
    const call = client.makeServerStreamRequest(
      pathOf(method.streamingOutputCall),
      encoder(input),
      decoder(output),
      { responseParameters: sizes.map((size) => ({ size })) },
      withToken(),
    );
    const received: number[] = [];
    for await (const response of call) received.push(bodyLength(response as StreamingOutputCallResponse));
    expect(received).toEqual(sizes);
  });

  it('ping_pong', async () => {
    const call = duplex();
    for (const [index, size] of sizes.entries()) {
      call.write({
        responseParameters: [{ size }],
        payload: { body: new Uint8Array(requestSizes[index] ?? 0) },
      });
      const [response] = (await once(call, 'data')) as [StreamingOutputCallResponse];
      expect(bodyLength(response)).toBe(size);
    }
    call.end();
    const ended = await ending(call);
    expect(ended.code).toBe(status.OK);
  });

  it('empty_stream', async () => {
    const call = duplex();
    call.on('data', () => {
      throw new Error('a response without a request');
    });
    call.end();
    const ended = await ending(call);
    expect(ended.code).toBe(status.OK);
  });

  it('custom_metadata', async () => {
    const metadata = withToken();
    metadata.set('x-grpc-test-echo-initial', 'test_initial_metadata_value');
    metadata.set('x-grpc-test-echo-trailing-bin', Buffer.from('ababab', 'hex'));
    const answer = await unary(method.unaryCall, { responseSize: 10 }, metadata);
    expect(answer.headers?.get('x-grpc-test-echo-initial')).toEqual(['test_initial_metadata_value']);
    expect(answer.status.metadata.get('x-grpc-test-echo-trailing-bin')).toEqual([
      Buffer.from('ababab', 'hex'),
    ]);

    const call = duplex(metadata);
    const headers = once(call, 'metadata') as Promise<[Metadata]>;
    const ended = ending(call);
    call.write({ responseParameters: [{ size: 10 }] });
    call.end();
    call.resume();
    expect((await headers)[0].get('x-grpc-test-echo-initial')).toEqual(['test_initial_metadata_value']);
    expect((await ended).metadata.get('x-grpc-test-echo-trailing-bin')).toEqual([
      Buffer.from('ababab', 'hex'),
    ]);
  });

  it('status_code_and_message', async () => {
    const responseStatus = { code: status.UNKNOWN, message: 'test status message' };
    const { error } = await unary(method.unaryCall, { responseStatus });
    expect(error).toMatchObject({ code: status.UNKNOWN, details: 'test status message' });

    const call = duplex();
    call.resume();
    call.write({ responseStatus });
    call.end();
    const ended = await ending(call);
    expect(ended).toMatchObject({ code: status.UNKNOWN, details: 'test status message' });
  });

  it('special_status_message', async () => {
    const message = '\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n';
    const { error } = await unary(method.unaryCall, { responseStatus: { code: status.UNKNOWN, message } });
    expect(error).toMatchObject({ code: status.UNKNOWN, details: message });
  });

  it('unimplemented_method', async () => {
    const { error } = await unary(method.unimplementedCall, {});
    expect(error?.code).toBe(status.UNIMPLEMENTED);
  });

  it('unimplemented_service', async () => {
    const { error } = await unary(UnimplementedService.method.unimplementedCall, {});
    expect(error?.code).toBe(status.UNIMPLEMENTED);
  });

  it('cancel_after_begin', async () => {
    const { input, output } = method.streamingInputCall;
    const error = await new Promise<GrpcError | null>((resolve) => {
      const call = client.makeClientStreamRequest(
        pathOf(method.streamingInputCall),
        encoder(input),
        decoder(output),
        withToken(),
        resolve,
      );
      call.cancel();
    });
    expect(error?.code).toBe(status.CANCELLED);
  });

  it('cancel_after_first_response', async () => {
    const call = duplex();
    call.write({ responseParameters: [{ size: 31_415 }] });
    await once(call, 'data');
    call.cancel();
    const ended = await ending(call);
    expect(ended.code).toBe(status.CANCELLED);
  });

  it('timeout_on_sleeping_server', async () => {
    const call = duplex(withToken(), { deadline: Date.now() + 20 });
    call.resume();
    call.write({ responseParameters: [{ size: 1, intervalUs: 20_000_000 }] });
    const ended = await ending(call);
    expect(ended.code).toBe(status.DEADLINE_EXCEEDED);
  });
});
