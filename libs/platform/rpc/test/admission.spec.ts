import { once } from 'node:events';
import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
} from 'node:http2';
import { gzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ServiceError } from '@plumbline/errors';
import { TestService } from '@plumbline/contract-grpc-testing';
import { ErrorInfoSchema, StatusSchema } from '@plumbline/contract-grpc';
import { eventually } from '@plumbline/testing';
import {
  authenticateServices,
  implementRaw,
  serviceToken,
  type Handlers,
  type ServerOptions,
} from '../src/index.ts';
import { SECRET, adopt, closeAll, serve, serveImplementations, type Served } from './serve.ts';

afterEach(closeAll);

const UNARY = 'grpc.testing.TestService/UnaryCall';
const SERVER_STREAM = 'grpc.testing.TestService/StreamingOutputCall';
const CLIENT_STREAM = 'grpc.testing.TestService/StreamingInputCall';
const BIDI = 'grpc.testing.TestService/FullDuplexCall';
const WATCH = 'grpc.health.v1.Health/Watch';
const KINDS = [UNARY, SERVER_STREAM, CLIENT_STREAM, BIDI];
const CREDENTIALS = { authorization: serviceToken('hostile', SECRET) };
const MIB = 1024 * 1024;

type Headers = Record<string, string | undefined>;

interface RawCall {
  readonly stream: ClientHttp2Stream;
  /** Status and reason; settles though the client never ends its request. */
  readonly answer: Promise<readonly [status: string | undefined, reason: string | undefined]>;
  readonly received: Headers;
}

function rawSession(port: number): ClientHttp2Session {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  adopt({
    close: () => {
      session.destroy();
    },
  });
  return session;
}

/** Opens a call and sends nothing but its headers. */
function open(session: ClientHttp2Session, path: string, headers: Headers = CREDENTIALS): RawCall {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/${path}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const received: Headers = {};
  const add = (more: object): void => void Object.assign(received, more);
  const answer = new Promise<readonly [string | undefined, string | undefined]>((resolve) => {
    stream
      .on('response', add)
      .on('trailers', add)
      .on('error', () => undefined)
      .on('close', () => {
        resolve([received['grpc-status'], reasonOf(received)]);
      });
  });
  stream.resume();
  return { stream, answer, received };
}

function reasonOf({ 'grpc-status-details-bin': details }: Headers): string | undefined {
  if (details === undefined) return undefined;
  const [first] = fromBinary(StatusSchema, Buffer.from(details, 'base64')).details;
  return first && anyUnpack(first, ErrorInfoSchema)?.reason;
}

/** A message that announces `sizeBytes` and brings `sentBytes` of them. */
function frame(sizeBytes: number, sentBytes = sizeBytes, compressed = 0): Buffer {
  const bytes = Buffer.alloc(5 + sentBytes);
  bytes.writeUInt8(compressed);
  bytes.writeUInt32BE(sizeBytes, 1);
  return bytes;
}

const handlers: Handlers<typeof TestService> = {
  unaryCall: () => ({ username: 'answered' }),
  streamingOutputCall: async function* () {
    yield {};
  },
  streamingInputCall: async (requests) => {
    let aggregatedPayloadSize = 0;
    for await (const _request of requests) aggregatedPayloadSize++;
    return { aggregatedPayloadSize };
  },
  fullDuplexCall: async function* (requests) {
    for await (const _request of requests) yield {};
  },
};

const admitting = (
  admission: ServerOptions['admission'],
  options: Partial<ServerOptions> = {},
): Promise<Served> => serve(handlers, { ...options, ...(admission && { admission }) });

describe('credentials', () => {
  it.each(KINDS)(
    'are checked on the headers of %s: a call without them ends before its request',
    async (path) => {
      const { port } = await admitting({});
      const session = rawSession(port);
      expect(await open(session, path, {}).answer).toEqual(['16', 'CREDENTIALS_MISSING']);
      const forged = { authorization: 'Bearer plsvc.gateway.forged' };
      expect(await open(session, path, forged).answer).toEqual(['16', 'CREDENTIALS_INVALID']);
    },
  );

  it('are checked before a request that has begun goes on, and the refusal is logged', async () => {
    const { port, log } = await admitting({});
    const call = open(rawSession(port), UNARY, {});
    call.stream.write(frame(4 * MIB, 3 * MIB));
    expect(await call.answer).toEqual(['16', 'CREDENTIALS_MISSING']);
    expect(log.lines.at(-1)?.fields).toMatchObject({ method: UNARY, reason: 'CREDENTIALS_MISSING' });
  });

  it('hold no more than the budget while they are being checked', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const authenticate: ServerOptions['authenticate'] = async (metadata) => {
      await promise;
      return authenticateServices(SECRET)(metadata);
    };
    const { port } = await admitting({ maxRequestBytes: MIB }, { authenticate });
    const call = open(rawSession(port), UNARY);
    call.stream.write(frame(4 * MIB, 3 * MIB));
    expect(await call.answer).toEqual(['8', 'TOO_MANY_REQUEST_BYTES']);
    resolve();
  });
});

describe('a request that does not come', () => {
  it.each([
    ['has no message', Buffer.alloc(0)],
    ['is cut off within its length', frame(0).subarray(0, 3)],
    ['is cut off within its message', frame(100, 50)],
  ])('ends calls of every kind when it %s', async (_what, sent) => {
    const { port } = await admitting({ requestStallMs: 50 });
    const session = rawSession(port);
    for (const path of KINDS) {
      const call = open(session, path);
      if (sent.length > 0) call.stream.write(sent);
      expect([path, ...(await call.answer)]).toEqual([path, '4', 'REQUEST_STALLED']);
    }
  });

  it.each([UNARY, SERVER_STREAM])('ends %s when its end does not come', async (path) => {
    const { port } = await admitting({ requestStallMs: 50 });
    const call = open(rawSession(port), path);
    call.stream.write(frame(0));
    expect(await call.answer).toEqual(['4', 'REQUEST_STALLED']);
  });

  it('ends a call no later than its deadline', async () => {
    const { port } = await admitting({ requestStallMs: 60_000 });
    const call = open(rawSession(port), UNARY, { ...CREDENTIALS, 'grpc-timeout': '60m' });
    expect(await call.answer).toEqual(['4', 'DEADLINE_EXPIRED']);
  });
});

describe('a call that stands still', () => {
  const STALL_MS = 50;

  // Timers of the server move only with passTime; those of sockets are not among them.
  beforeEach(() => {
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'Date'],
    });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  /** Lets what was sent arrive, then passes much more than the time that a request may stand still, and lets that be told. */
  async function passTime(session: ClientHttp2Session): Promise<void> {
    await roundTrips(session);
    for (let step = 0; step < 10; step++) jest.advanceTimersByTime(STALL_MS);
    await roundTrips(session);
  }

  const passTimeUntil = (holds: () => boolean) =>
    eventually(() => {
      jest.advanceTimersByTime(STALL_MS);
      return holds();
    });

  async function roundTrips(session: ClientHttp2Session): Promise<void> {
    for (let trip = 0; trip < 3; trip++) await new Promise((resolve) => session.ping(resolve));
  }

  it('is not ended while its stream is idle between messages, and is where it stops within one', async () => {
    const { port } = await admitting({ requestStallMs: STALL_MS });
    const session = rawSession(port);
    const { stream, answer, received } = open(session, BIDI);
    for (let round = 0; round < 2; round++) {
      const echoed = once(stream, 'data');
      stream.write(frame(0));
      await Promise.race([echoed, answer]);
      await passTime(session);
      expect(received['grpc-status']).toBeUndefined();
    }
    stream.write(frame(10, 5));
    await passTimeUntil(() => received['grpc-status'] !== undefined);
    expect(await answer).toEqual(['4', 'REQUEST_STALLED']);
  });

  it('is not ended while it is its handler that does not read', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const slow: Handlers<typeof TestService> = {
      streamingInputCall: async (requests) => {
        enter();
        await promise;
        for await (const _request of requests);
        return {};
      },
    };
    const { port } = await serve(slow, { admission: { requestStallMs: STALL_MS } });
    const session = rawSession(port);
    const { stream, answer } = open(session, CLIENT_STREAM);
    const payload = frame(2);
    payload.writeUInt8(0x0a, 5);
    for (let count = 0; count < 40; count++) stream.write(payload);
    stream.write(payload.subarray(0, 6));
    await entered;
    await passTime(session);
    resolve();
    stream.end(payload.subarray(6));
    expect((await answer)[0]).toBe('0');
  });

  it('is ended when its client does not take its answer', async () => {
    const { port } = await serve(
      { unaryCall: () => ({ payload: { body: new Uint8Array(MIB) } }) },
      { admission: { requestStallMs: STALL_MS } },
    );
    const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
    adopt({ close: () => session.destroy() });
    const stream = session.request({
      ':method': 'POST',
      ':path': `/${UNARY}`,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...CREDENTIALS,
    });
    stream.on('error', () => undefined);
    stream.end(frame(0));
    await passTimeUntil(() => stream.closed);
    expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
  });

  it.each(['answered', 'failed'])(
    'is ended when it has %s and its client takes nothing of it',
    async (how) => {
      const failing = {
        async *fullDuplexCall() {
          yield { payload: { body: new Uint8Array(1_000) } };
          if (how === 'failed') throw new ServiceError(15, 'DISK_GONE', 'cannot read on');
        },
      };
      const { port } = await serve(failing, { admission: { requestStallMs: STALL_MS, maxOpenCalls: 1 } });
      const session = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
      adopt({ close: () => session.destroy() });
      const stream = session.request({
        ':method': 'POST',
        ':path': `/${BIDI}`,
        'content-type': 'application/grpc',
        te: 'trailers',
        ...CREDENTIALS,
      });
      stream.on('error', () => undefined);
      stream.write(frame(0));
      await passTimeUntil(() => stream.closed);
      expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    },
  );
});

describe('open calls', () => {
  it('are refused with RetryInfo beyond their number, and taken again when others end', async () => {
    const { client, port, log } = await admitting({ maxOpenCalls: 3 });
    const session = rawSession(port);
    const held = [open(session, BIDI), open(session, BIDI), open(session, UNARY)];
    await new Promise((resolve) => session.ping(resolve));
    await expect(client.unaryCall({})).rejects.toMatchObject({
      codeName: 'RESOURCE_EXHAUSTED',
      reason: 'TOO_MANY_OPEN_CALLS',
      retryAfterMs: 1_000,
    });
    expect(log.lines.at(-1)?.fields).toMatchObject({ method: UNARY, reason: 'TOO_MANY_OPEN_CALLS' });
    held[0]?.stream.end();
    await held[0]?.answer;
    await expect(client.unaryCall({})).resolves.toMatchObject({ username: 'answered' });
  });

  it('do not count when they are refused, though their clients never end them', async () => {
    const { client, port } = await admitting({ maxOpenCalls: 2 });
    const session = rawSession(port);
    for (let count = 0; count < 10; count++) await open(session, UNARY, {}).answer;
    await expect(client.unaryCall({})).resolves.toMatchObject({ username: 'answered' });
  });

  it('of methods without credentials do not keep out those with some', async () => {
    const { client, port } = await admitting({ maxOpenCalls: 10 });
    const session = rawSession(port);
    const watch = open(session, WATCH, {});
    watch.stream.end(frame(0));
    await new Promise((resolve) => watch.stream.once('data', resolve));
    expect(await open(session, WATCH, {}).answer).toEqual(['8', 'TOO_MANY_OPEN_CALLS']);
    await expect(client.unaryCall({})).resolves.toMatchObject({ username: 'answered' });
  });

  it('survive two thousand streams of headers on each of many connections', async () => {
    const { client, port } = await admitting({ maxOpenCalls: 100 });
    const sessions = Array.from({ length: 5 }, () => rawSession(port));
    const answers = sessions.flatMap((session) =>
      Array.from({ length: 2_000 }, () => open(session, UNARY, {}).answer),
    );
    const statuses = new Set((await Promise.all(answers)).map(([status]) => status));
    expect([...statuses].filter((status) => status !== '16' && status !== '8')).toEqual([]);
    await expect(client.unaryCall({})).resolves.toMatchObject({ username: 'answered' });
  });
});

describe('bytes of requests', () => {
  it('are refused beyond the budget with RetryInfo, while small calls are taken', async () => {
    const { client, port } = await admitting({ maxRequestBytes: 10 * MIB });
    const session = rawSession(port);
    const held = [open(session, UNARY), open(session, UNARY)];
    const begun = frame(4 * MIB, 3 * MIB);
    await Promise.all(held.map(({ stream }) => new Promise((resolve) => stream.write(begun, resolve))));
    const large = { payload: { body: new Uint8Array(3 * MIB) } };
    await new Promise((resolve) => session.ping(resolve));
    await expect(client.unaryCall(large)).rejects.toMatchObject({
      codeName: 'RESOURCE_EXHAUSTED',
      reason: 'TOO_MANY_REQUEST_BYTES',
      retryAfterMs: 1_000,
    });
    await expect(client.unaryCall({})).resolves.toMatchObject({ username: 'answered' });
    for (const { stream } of held) stream.close();
    await new Promise((resolve) => session.ping(resolve));
    await expect(client.unaryCall(large)).resolves.toMatchObject({ username: 'answered' });
  });

  it('count until the call ends, whole requests too', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = implementRaw(TestService, {
      UnaryCall: async () => {
        await promise;
        return Buffer.alloc(0);
      },
    });
    const { client } = await serveImplementations([slow], { admission: { maxRequestBytes: 6 * MIB } });
    const large = { payload: { body: new Uint8Array(3 * MIB) } };
    const outcomes = Array.from({ length: 3 }, () =>
      client.unaryCall(large).then(
        () => 'answered',
        (error: { reason: string }) => {
          resolve();
          return error.reason;
        },
      ),
    );
    expect((await Promise.all(outcomes)).sort()).toEqual([
      'TOO_MANY_REQUEST_BYTES',
      'TOO_MANY_REQUEST_BYTES',
      'answered',
    ]);
  });

  it('are counted while they decompress, so that many bombs at once take no more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = implementRaw(TestService, {
      UnaryCall: async () => {
        await promise;
        return Buffer.alloc(0);
      },
    });
    const { port } = await serveImplementations([held], { admission: { maxRequestBytes: 4 * MIB } });
    const bomb = gzipSync(Buffer.alloc(3 * MIB));
    const message = frame(bomb.length, bomb.length, 1);
    bomb.copy(message, 5);
    const session = rawSession(port);
    const reasons: (string | undefined)[] = [];
    const answers = Array.from({ length: 20 }, async () => {
      const { stream, answer } = open(session, UNARY, { ...CREDENTIALS, 'grpc-encoding': 'gzip' });
      stream.end(message);
      reasons.push((await answer)[1]);
      if (reasons.length === 19) resolve();
    });
    await Promise.all(answers);
    expect(reasons.slice(0, 19)).toEqual(Array(19).fill('TOO_MANY_REQUEST_BYTES'));
  });

  it('count as what they decompress to', async () => {
    const { port } = await admitting({ maxRequestBytes: 2 * MIB });
    const bomb = gzipSync(Buffer.alloc(3 * MIB));
    const message = frame(bomb.length, bomb.length, 1);
    bomb.copy(message, 5);
    const { stream, answer } = open(rawSession(port), UNARY, { ...CREDENTIALS, 'grpc-encoding': 'gzip' });
    stream.end(message);
    expect(await answer).toEqual(['8', 'TOO_MANY_REQUEST_BYTES']);
  });

  it('of a stream are given back as its messages are taken', async () => {
    const { client } = await admitting({ maxRequestBytes: 2 * MIB });
    const answered = [Promise.withResolvers<void>()];
    const requests = async function* () {
      for (let count = 0; count < 20; count++) {
        yield { payload: { body: new Uint8Array(MIB) } };
        await answered[count]!.promise;
      }
    };
    let answers = 0;
    for await (const _answer of client.fullDuplexCall(requests())) {
      answered.push(Promise.withResolvers());
      answered[answers++]!.resolve();
    }
    expect(answers).toBe(20);
  });

  it('in pieces of one byte count for more than the bytes', async () => {
    const { port } = await admitting({ maxRequestBytes: 100_000 });
    const { stream, answer } = open(rawSession(port), UNARY);
    stream.write(frame(4 * MIB, 0));
    for (let count = 0; count < 5_000 && !stream.destroyed; count++) {
      await new Promise((resolve) => stream.write(Buffer.alloc(1), resolve));
    }
    expect(await answer).toEqual(['8', 'TOO_MANY_REQUEST_BYTES']);
  });
});

describe('what is no gRPC call', () => {
  it.each([
    ['GET', 'application/grpc', 405],
    ['PUT', 'application/grpc', 405],
    ['POST', 'application/grpc-web', 415],
    ['POST', 'application/grpcevil', 415],
    ['POST', 'application/json', 415],
  ])('%s with %s is told so', async (method, type, status) => {
    const { port } = await admitting({});
    for (const path of [UNARY, BIDI]) {
      const stream = rawSession(port).request({
        ':method': method,
        ':path': `/${path}`,
        'content-type': type,
      });
      stream.on('error', () => undefined);
      const [headers] = (await once(stream, 'response')) as [Headers & { ':status'?: number }];
      expect(headers[':status']).toBe(status);
    }
  });
});
