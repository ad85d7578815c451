import {
  createServer as createTcpServer,
  connect as connectTcp,
  type AddressInfo,
  type Socket,
} from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestService } from '@plumbline/contract-grpc-testing';
import { ServiceError } from '@plumbline/errors';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import {
  createClient,
  implementRaw,
  rawUnary,
  serviceToken,
  type Authenticate,
  type CallContext,
  type Channel,
} from '../src/index.ts';
import { SECRET, adopt, closeAll, connect, serve, serveImplementations } from './serve.ts';

afterEach(closeAll);

const ECHO = 'grpc.testing.TestService/UnaryCall';

/** Echoes after as many turns of the event loop as the first byte says; a first byte of 255 fails with the body. */
async function echoLater(request: Buffer, context: CallContext): Promise<Buffer> {
  const turns = request[0] ?? 0;
  for (let turn = 0; turn < turns % 8; turn++) await nextTurn();
  if (turns === 255) throw new ServiceError(9, 'ECHOED', request.subarray(1).toString('hex'));
  context.responseTrailers.set('x-turns', String(turns));
  return request;
}

const echo = implementRaw(TestService, { UnaryCall: echoLater });

describe('the coalesced stream', () => {
  it('gives every caller exactly its own answer among thousands of interleaved calls', async () => {
    const { channel } = await serveImplementations([echo], {}, { coalesce: true });
    const payload = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 200 }));
    const burst = fc.array(payload, { minLength: 50, maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(burst, async (requests) => {
        const answers = await Promise.all(
          requests.map((request, index) => callEcho(channel, request, index)),
        );
        expect(answers).toEqual(requests.map((request, index) => expectedEcho(request, index)));
      }),
      { numRuns: 30 },
    );
  });

  it('cancels, expires and answers calls independently of their neighbours', async () => {
    const { client } = await serve(
      {
        unaryCall: async ({ responseSize }, { signal }) => {
          if (responseSize === 0) return { username: 'answered' };
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              reject(signal.reason as Error);
            });
          });
          return {};
        },
      },
      {},
      { coalesce: true },
    );
    const outcomes = Array.from({ length: 300 }, async (_, index) => {
      if (index % 3 === 0) return (await client.unaryCall({})).username;
      const options =
        index % 3 === 1 ? { timeoutMs: 5 + (index % 20) } : { signal: AbortSignal.timeout(index % 20) };
      return client.unaryCall({ responseSize: 1 }, options).catch((error: ServiceError) => error.reason);
    });
    const expected = outcomes.map(
      (_, index) => ['answered', 'DEADLINE_EXPIRED', 'CALL_CANCELLED'][index % 3],
    );
    expect(await Promise.all(outcomes)).toEqual(expected);
  });

  it('authenticates every item by itself', async () => {
    const authenticate: Authenticate = (metadata) => {
      const tenant = metadata.get('plumbline-tenant') ?? '';
      if (tenant === 'banned') throw new ServiceError(7, 'TENANT_BANNED', 'no');
      return { caller: { id: 'c', kind: 'service', scopes: [] }, tenant };
    };
    const { client } = await serve(
      { unaryCall: (_request, { tenant }) => ({ username: tenant }) },
      { authenticate },
      { coalesce: true },
    );
    const calls = ['a', 'banned', 'b'].map((tenant) =>
      client.unaryCall({}, { tenant }).then(
        ({ username }) => username,
        (error: ServiceError) => error.reason,
      ),
    );
    expect(await Promise.all(calls)).toEqual(['a', 'TENANT_BANNED', 'b']);
  });

  it('runs user interceptors and measures per item', async () => {
    const metrics = new Registry();
    const seen: string[] = [];
    const { client } = await serve(
      { emptyCall: () => ({}) },
      {
        metrics,
        interceptors: [
          async ({ method, context }, next) => {
            seen.push(`${context.tenant} ${method.name}`);
            await next();
          },
        ],
      },
      { coalesce: true },
    );
    await Promise.all([client.emptyCall({}, { tenant: 'a' }), client.emptyCall({}, { tenant: 'b' })]);
    expect(seen).toEqual(['a EmptyCall', 'b EmptyCall']);
    expect(await metrics.metrics()).toContain(
      'rpc_server_call_duration_seconds_count{rpc_method="grpc.testing.TestService/EmptyCall",rpc_status_code="OK"} 2',
    );
  });

  it('sends large requests by themselves and takes large responses', async () => {
    const { client } = await serve(
      {
        unaryCall: ({ payload, responseSize }) => ({
          payload: { body: new Uint8Array(payload?.body.length || responseSize) },
        }),
      },
      {},
      { coalesce: true },
    );
    const sizes = [1, 64 * 1024, 3_000_000];
    const echoed = await Promise.all(
      sizes.map((size) => client.unaryCall({ payload: { body: new Uint8Array(size) } })),
    );
    expect(echoed.map(({ payload }) => payload?.body.length)).toEqual(sizes);
    const { payload } = await client.unaryCall({ responseSize: 3_000_000 });
    expect(payload?.body).toHaveLength(3_000_000);
  });

  it('answers UNIMPLEMENTED for methods that are unknown or stream', async () => {
    const { channel } = await serve(
      {
        streamingOutputCall: async function* () {
          yield {};
        },
      },
      {},
      { coalesce: true },
    );
    for (const method of ['a.B/C', 'grpc.testing.TestService/StreamingOutputCall']) {
      await expect(rawUnary(channel, method, Buffer.alloc(0))).rejects.toMatchObject({
        reason: 'METHOD_NOT_FOUND',
      });
    }
  });

  it('fails calls in flight with CONNECTION_LOST when the connection breaks, and works again on the next', async () => {
    let blocked = true;
    const { port } = await serve({
      emptyCall: async (_request, { signal }) => {
        if (blocked) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return {};
      },
    });
    const proxy = await breakableProxy(port);
    const client = createClient(TestService, connect(`127.0.0.1:${proxy.port}`, { coalesce: true }));
    const calls = Array.from({ length: 50 }, () =>
      client.emptyCall({}).catch((error: ServiceError) => error),
    );
    await proxy.connected();
    proxy.breakAll();
    for (const outcome of await Promise.all(calls)) {
      expect(outcome).toMatchObject({ codeName: 'UNAVAILABLE', reason: 'CONNECTION_LOST' });
    }
    blocked = false;
    await expect(eventuallyAnswered(() => client.emptyCall({}))).resolves.toBeDefined();
  });

  it('fails calls whose channel cannot make its metadata, and recovers when it can', async () => {
    let broken = true;
    const { address } = await serve({ emptyCall: () => ({}) });
    const metadata = (): Record<string, string> => {
      if (broken) throw new Error('the token file is gone');
      return { authorization: serviceToken('gateway', SECRET) };
    };
    const client = createClient(TestService, connect(address, { coalesce: true, metadata }));
    await expect(client.emptyCall({})).rejects.toMatchObject({ reason: 'INTERNAL' });
    broken = false;
    await expect(client.emptyCall({})).resolves.toBeDefined();
  });

  it('refuses more calls than it can remember', async () => {
    const { channel } = await serve(
      { emptyCall: () => new Promise<object>(() => undefined) },
      {},
      { coalesce: true },
    );
    const method = 'grpc.testing.TestService/EmptyCall';
    const waiting = Array.from({ length: 32_768 }, () => rawUnary(channel, method, Buffer.alloc(0)));
    const settled = Promise.allSettled(waiting);
    await expect(rawUnary(channel, method, Buffer.alloc(0))).rejects.toMatchObject({
      reason: 'TOO_MANY_CALLS',
    });
    channel.close();
    expect((await settled).every(({ status }) => status === 'rejected')).toBe(true);
  });
});

type EchoRequest = [number, Uint8Array];

async function callEcho(channel: Channel, [turns, body]: EchoRequest, index: number): Promise<unknown> {
  const request = Buffer.from([turns, ...body, index & 0xff, index >> 8]);
  try {
    const { response, trailers } = await rawUnary(channel, ECHO, request);
    return [response.toString('hex'), trailers.get('x-turns')];
  } catch (error) {
    return error instanceof ServiceError ? [error.reason, error.message] : error;
  }
}

function expectedEcho([turns, body]: EchoRequest, index: number): unknown {
  const rest = Buffer.from([...body, index & 0xff, index >> 8]).toString('hex');
  return turns === 255 ? ['ECHOED', rest] : [Buffer.from([turns]).toString('hex') + rest, String(turns)];
}

/** A TCP proxy whose connections the test can cut. */
async function breakableProxy(target: number) {
  const sockets = new Set<Socket>();
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createTcpServer((inbound) => {
    const outbound = connectTcp(target, '127.0.0.1');
    for (const socket of [inbound, outbound]) sockets.add(socket.on('error', () => undefined));
    inbound.pipe(outbound).pipe(inbound);
    // The first bytes that come back show that the server has our stream.
    outbound.once('data', () => setImmediate(resolve));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  adopt(server);
  return {
    port: (server.address() as AddressInfo).port,
    connected: () => promise,
    breakAll: () => {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
  };
}

/** Calls again while the connection is being made anew. */
async function eventuallyAnswered<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (attempt === 100 || !(error instanceof ServiceError && error.reason === 'CONNECTION_LOST'))
        throw error;
      await nextTurn();
    }
  }
}
