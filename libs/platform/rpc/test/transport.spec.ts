import { inspect } from 'node:util';
import { connect as connectHttp2, type Settings } from 'node:http2';
import { createServer as createTcpServer, connect as connectTcp, type AddressInfo } from 'node:net';
import { ChannelCredentials, Client, connectivityState } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { TestService } from '@plumbline/contract-grpc-testing';
import { eventually } from '@plumbline/testing';
import { Registry } from 'prom-client';
import { createClient, rawUnary } from '../src/index.ts';
import { opened } from '../src/client/channel.ts';
import { adaptClient } from '../src/client/grpc-internals.ts';
import { adopt, closeAll, connect, serve } from './serve.ts';

afterEach(closeAll);

/** A connection without grpc-js in it, and what the server announces on it. */
async function announced(port: number) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  adopt({
    close: () => {
      session.destroy();
    },
  });
  const settings = await new Promise<Settings>((resolve) => session.once('remoteSettings', resolve));
  return { session, settings };
}

it('lets a connection hold thousands of calls open, and no more', async () => {
  const { port } = await serve({});
  expect((await announced(port)).settings.maxConcurrentStreams).toBe(2_048);
});

describe('receive windows', () => {
  it('are raised on the stream and on the connection', async () => {
    const { port } = await serve({});
    const { session, settings } = await announced(port);
    expect(settings.initialWindowSize).toBe(8 * 1024 * 1024);
    await new Promise((resolve) => session.ping(resolve));
    expect(session.state.remoteWindowSize).toBe(16 * 1024 * 1024);
  });

  it('let a request of 3 MB leave in one round trip', async () => {
    const { port } = await serve({
      unaryCall: ({ payload }) => ({ username: String(payload?.body.length) }),
    });
    const { client, roundTrips } = await overSlowLink(port);
    await client.unaryCall({});
    const before = roundTrips();
    const { username } = await client.unaryCall({ payload: { body: new Uint8Array(3_000_000) } });
    expect(username).toBe('3000000');
    expect(roundTrips() - before).toBeLessThan(10);
  });
});

describe('keepalive', () => {
  it('finds a peer that fell silent, and does not wait for the deadline', async () => {
    const { port } = await serve({ emptyCall: () => ({}) });
    const proxy = await freezableProxy(port);
    const channel = connect(`127.0.0.1:${proxy.port}`, { keepalive: { intervalMs: 50, timeoutMs: 50 } });
    const client = createClient(TestService, channel);
    await eventually(() => client.emptyCall({})); // a slow machine may be late with its pings before it is frozen
    proxy.freeze();
    await expect(client.emptyCall({}, { timeoutMs: 120_000 })).rejects.toMatchObject({
      reason: 'CONNECTION_LOST',
    });
  });

  it('finds a peer that fell silent while it drains', async () => {
    const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
    const { port, server } = await serve({
      emptyCall: (_request, { signal }) => {
        enter();
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve({})));
      },
    });
    const proxy = await freezableProxy(port);
    const channel = connect(`127.0.0.1:${proxy.port}`, { keepalive: { intervalMs: 50, timeoutMs: 1_000 } });
    const answer = createClient(TestService, channel).emptyCall({}, { timeoutMs: 120_000 });
    const lost = expect(answer).rejects.toMatchObject({ reason: 'CONNECTION_LOST' });
    await entered;
    const drained = server.drain(120_000);
    const connection = opened(channel).client.getChannel();
    await eventually(() => connection.getConnectivityState(false) !== connectivityState.READY);
    proxy.freeze();
    await lost;
    await server.close();
    await drained;
  });

  it('refuses to start with a grpc-js whose connections cannot be found', () => {
    const client = new Client('127.0.0.1:1', ChannelCredentials.createInsecure());
    client.close();
    Object.assign(client.getChannel(), { internalChannel: undefined });
    expect(() => {
      adaptClient(client);
    }).toThrow(/grpc-internals/);
  });
});

describe('a server that is not there', () => {
  it.each([false, true])(
    'is told without its address, which is for the log (coalesced: %s)',
    async (coalesce) => {
      const client = createClient(TestService, connect('127.0.0.1:1', { coalesce }));
      const failure = await client.emptyCall({}).catch((error: unknown) => error);
      expect(failure).toMatchObject({ codeName: 'UNAVAILABLE', reason: 'CONNECTION_LOST' });
      expect((failure as Error).message).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/);
      expect(inspect(failure)).toContain('127.0.0.1:1');
    },
  );
});

describe('methods that the server does not have', () => {
  it('are answered, logged and measured without a label of their own', async () => {
    const metrics = new Registry();
    const { channel, log } = await serve({}, { metrics });
    for (const method of ['made.Up/Name', 'grpc.testing.TestService/EmptyCall']) {
      await expect(rawUnary(channel, method, Buffer.alloc(0))).rejects.toMatchObject({
        codeName: 'UNIMPLEMENTED',
        reason: 'METHOD_NOT_FOUND',
      });
    }
    expect(log.lines.map(({ fields }) => fields['code'])).toEqual(['UNIMPLEMENTED', 'UNIMPLEMENTED']);
    expect(await metrics.metrics()).toContain(
      'rpc_server_call_duration_seconds_count{rpc_method="_OTHER",rpc_status_code="UNIMPLEMENTED"} 2',
    );
  });
});

/** Passes bytes on until it is told to swallow them, connections staying open, later ones too. */
async function freezableProxy(target: number) {
  let frozen = false;
  const server = createTcpServer((inbound) => {
    const outbound = connectTcp(target, '127.0.0.1');
    for (const socket of [inbound, outbound]) {
      adopt({ close: () => socket.destroy() });
      socket.on('error', () => undefined);
    }
    inbound.on('data', (bytes) => frozen || outbound.write(bytes));
    outbound.on('data', (bytes) => frozen || inbound.write(bytes));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  adopt(server);
  const freeze = (): void => {
    frozen = true;
  };
  return { port: (server.address() as AddressInfo).port, freeze };
}

/** A client behind a link that counts how often the direction of the bytes turns to the client. */
async function overSlowLink(target: number) {
  let trips = 0;
  let towardsServer = false;
  const server = createTcpServer((inbound) => {
    const outbound = connectTcp(target, '127.0.0.1');
    for (const socket of [inbound, outbound])
      adopt({
        close: () => {
          socket.destroy();
        },
      });
    for (const socket of [inbound, outbound]) socket.on('error', () => undefined);
    inbound.on('data', (bytes) => {
      towardsServer = true;
      setTimeout(() => outbound.write(bytes), 2);
    });
    outbound.on('data', (bytes) => {
      if (towardsServer) trips++;
      towardsServer = false;
      setTimeout(() => inbound.write(bytes), 2);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  adopt(server);
  const channel = connect(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { client: createClient(TestService, channel), roundTrips: () => trips };
}
