import { connect as connectHttp2, constants } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, it } from '@jest/globals';
import { SimpleRequestSchema, TestService } from '@plumbline/contract-grpc-testing';
import { ErrorInfoSchema, StatusSchema } from '@plumbline/contract-grpc';
import { implementRaw, rawUnary, serviceToken } from '../src/index.ts';
import { SECRET, adopt, closeAll, serve, serveImplementations } from './serve.ts';

afterEach(closeAll);

const UNARY = 'grpc.testing.TestService/UnaryCall';
const STREAM = 'grpc.testing.TestService/StreamingOutputCall';

/** 4 MiB of `response_parameters {}`: two bytes each, two million messages. */
const emptySubmessages = Buffer.alloc(4 * 1024 * 1024, Buffer.from([0x12, 0x00]));

describe.each([false, true])('message limits (coalesced: %s)', (coalesce) => {
  it('refuses a message over the byte limit of its method', async () => {
    const { client } = await serve(
      { unaryCall: () => ({}) },
      { limits: { perMethod: { [UNARY]: { maxMessageBytes: 1_000 } } } },
      { coalesce },
    );
    await client.unaryCall({ payload: { body: new Uint8Array(900) } });
    await expect(client.unaryCall({ payload: { body: new Uint8Array(1_000) } })).rejects.toMatchObject({
      codeName: 'RESOURCE_EXHAUSTED',
      reason: 'MESSAGE_TOO_LARGE',
      metadata: { maxMessageBytes: '1000' },
    });
  });

  it('refuses bytes that are no message, without running the handler', async () => {
    let ran = false;
    const { channel } = await serve(
      {
        unaryCall: () => {
          ran = true;
          return {};
        },
      },
      {},
      { coalesce },
    );
    await expect(rawUnary(channel, UNARY, Buffer.from([0x0a]))).rejects.toMatchObject({
      codeName: 'INVALID_ARGUMENT',
      reason: 'MALFORMED_MESSAGE',
    });
    expect(ran).toBe(false);
  });

  it('gives raw handlers the bytes as they were sent', async () => {
    const { channel } = await serveImplementations(
      [implementRaw(TestService, { UnaryCall: async (request) => request })],
      {},
      { coalesce },
    );
    const bytes = Buffer.from([0xff, 0x00, 0x01]);
    const { response } = await rawUnary(channel, UNARY, bytes);
    expect(response.equals(bytes)).toBe(true);
  });

  it('counts the elements of requests that a raw handler is going to decode', async () => {
    const { channel } = await serveImplementations(
      [implementRaw(TestService, { UnaryCall: async (request) => request }, { countElements: true })],
      { limits: { maxElements: 10 } },
      { coalesce },
    );
    const unknownField = Buffer.from([0xf8, 0x07, 0x01]);
    const withElements = (count: number) => Buffer.concat(Array<Buffer>(count).fill(unknownField));
    await rawUnary(channel, UNARY, withElements(10));
    await expect(rawUnary(channel, UNARY, withElements(11))).rejects.toMatchObject({
      codeName: 'RESOURCE_EXHAUSTED',
      reason: 'TOO_MANY_ELEMENTS',
    });
  });

  it('answers an empty request with an empty response', async () => {
    const { channel } = await serve({ emptyCall: () => ({}) }, {}, { coalesce });
    const { response } = await rawUnary(channel, 'grpc.testing.TestService/EmptyCall', Buffer.alloc(0));
    expect(response).toHaveLength(0);
  });
});

describe('element limits', () => {
  it('refuses 4 MiB of empty submessages before decoding them', async () => {
    const { client, port } = await serve({ streamingOutputCall: async function* () {} });
    const headers = await http2Call(port, STREAM, emptySubmessages);
    expect(reasonOf(headers)).toBe('TOO_MANY_ELEMENTS');
    expect(headers['grpc-status']).toBe('8');
    const allowed = Array.from({ length: 1_000 }, () => ({}));
    for await (const _response of client.streamingOutputCall({ responseParameters: allowed })) break;
  });

  it('counts elements of every message of a request stream', async () => {
    const { client } = await serve(
      {
        fullDuplexCall: async function* (requests) {
          for await (const _request of requests) yield {};
        },
      },
      { limits: { maxElements: 10 } },
    );
    const requests = async function* () {
      yield { responseParameters: [{}] };
      yield { responseParameters: Array.from({ length: 11 }, () => ({})) };
    };
    let answered = 0;
    const reading = (async () => {
      for await (const _response of client.fullDuplexCall(requests())) answered++;
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'TOO_MANY_ELEMENTS' });
    expect(answered).toBe(1);
  });
});

describe('refusals of what cannot be a message', () => {
  const frame = (message: Buffer, compressed = 0): Buffer => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt8(compressed);
    prefix.writeUInt32BE(message.length, 1);
    return Buffer.concat([prefix, message]);
  };
  /** The start of a message of so many bytes. */
  const announcing = (sizeBytes: number): Buffer => {
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(sizeBytes, 1);
    return prefix;
  };

  it('gives a message over the transport limit the reason MESSAGE_TOO_LARGE, and logs the call', async () => {
    const { client, log } = await serve({ unaryCall: () => ({}) });
    await expect(
      client.unaryCall({ payload: { body: new Uint8Array(4 * 1024 * 1024) } }),
    ).rejects.toMatchObject({ codeName: 'RESOURCE_EXHAUSTED', reason: 'MESSAGE_TOO_LARGE' });
    expect(log.lines.at(-1)?.fields).toMatchObject({ method: UNARY, reason: 'MESSAGE_TOO_LARGE' });
  });

  it('limits what a compressed message decompresses to', async () => {
    const { port } = await serve({ unaryCall: () => ({}) });
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const headers = await http2Call(port, UNARY, undefined, frame(bomb, 1), { 'grpc-encoding': 'gzip' });
    expect(reasonOf(headers)).toBe('MESSAGE_TOO_LARGE');
  });

  it.each([
    ['garbage that calls itself gzip', frame(Buffer.from('no gzip'), 1), 'gzip', 'MALFORMED_MESSAGE', '3'],
    [
      'garbage that calls itself deflate',
      frame(Buffer.from('no zlib'), 1),
      'deflate',
      'MALFORMED_MESSAGE',
      '3',
    ],
    ['an unknown compression', frame(Buffer.from('x'), 1), 'snappy', 'UNSUPPORTED_ENCODING', '12'],
    ['a message over the limit', announcing(4 * 1024 * 1024 + 1), 'identity', 'MESSAGE_TOO_LARGE', '8'],
    [
      'two requests',
      Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))]),
      'identity',
      'WRONG_MESSAGE_COUNT',
      '3',
    ],
    ['no request', Buffer.alloc(0), 'identity', 'WRONG_MESSAGE_COUNT', '3'],
  ])('names the reason of refusing %s', async (_what, body, encoding, reason, code) => {
    const { port } = await serve({ unaryCall: () => ({}), streamingOutputCall: async function* () {} });
    for (const path of [UNARY, STREAM]) {
      const headers = await http2Call(port, path, undefined, body, { 'grpc-encoding': encoding });
      expect([reasonOf(headers), headers['grpc-status']]).toEqual([reason, code]);
    }
  });
});

describe('deadlines on the wire', () => {
  const message = Buffer.from(toBinary(SimpleRequestSchema, create(SimpleRequestSchema)));

  it.each(['99999999H', '99999999M', '99999999S', '99999999m'])(
    'clamps the very long deadline %s instead of overflowing',
    async (timeout) => {
      let remainingMs = 0;
      const { port } = await serve({
        unaryCall: (_request, context) => {
          remainingMs = context.remainingMs();
          return {};
        },
      });
      const headers = await http2Call(port, UNARY, message, undefined, { 'grpc-timeout': timeout });
      expect(headers['grpc-status']).toBe('0');
      // Far from both the default and zero, however long the call took to come here.
      expect(remainingMs).toBeGreaterThan(300_000);
      expect(remainingMs).toBeLessThanOrEqual(600_000);
    },
  );

  it('does not start a call whose deadline has passed on arrival', async () => {
    let ran = false;
    const { port } = await serve({
      unaryCall: () => {
        ran = true;
        return {};
      },
    });
    const headers = await http2Call(port, UNARY, message, undefined, { 'grpc-timeout': '0m' });
    expect([reasonOf(headers), headers['grpc-status']]).toEqual(['DEADLINE_EXPIRED', '4']);
    expect(ran).toBe(false);
  });

  it('refuses a deadline that cannot be read', async () => {
    const { port } = await serve({ unaryCall: () => ({}) });
    const headers = await http2Call(port, UNARY, message, undefined, { 'grpc-timeout': 'soon' });
    expect([reasonOf(headers), headers['grpc-status']]).toEqual(['INVALID_TIMEOUT', '3']);
  });
});

type Headers = Record<string, string | undefined>;

/** A call as bytes on HTTP/2, for what no gRPC client would send. Resolves with headers and trailers together. */
function http2Call(
  port: number,
  path: string,
  message?: Buffer,
  body?: Buffer,
  extra: Headers = {},
): Promise<Headers> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  adopt({
    close: () => {
      session.destroy();
    },
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message?.length ?? 0, 1);
  return new Promise((resolve, reject) => {
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: `/${path}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: serviceToken('hostile', SECRET),
      ...extra,
    });
    let received: Headers = {};
    const add = (headers: object): void => {
      received = { ...received, ...headers };
    };
    stream
      .on('response', add)
      .on('trailers', add)
      .on('error', reject)
      .on('close', () => {
        resolve(received);
      });
    stream.resume();
    stream.end(body ?? Buffer.concat([prefix, message ?? Buffer.alloc(0)]));
  });
}

function reasonOf(headers: Headers): string | undefined {
  const details = headers['grpc-status-details-bin'];
  if (details === undefined) return undefined;
  const [first] = fromBinary(StatusSchema, Buffer.from(details, 'base64')).details;
  return first && anyUnpack(first, ErrorInfoSchema)?.reason;
}
