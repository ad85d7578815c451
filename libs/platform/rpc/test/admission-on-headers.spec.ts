import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { authenticateServices, type ServerOptions } from '../src/index.ts';
import {
  BIDI,
  KINDS,
  MIB,
  UNARY,
  admitting,
  frame,
  open,
  rawSession,
  roundTrip,
  type Headers,
} from './raw-call.ts';
import { SECRET, closeAll } from './serve.ts';

afterEach(closeAll);

const WATCH = 'grpc.health.v1.Health/Watch';

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

describe('open calls', () => {
  it('are refused with RetryInfo beyond their number, and taken again when others end', async () => {
    const { client, port, log } = await admitting({ maxOpenCalls: 3 });
    const session = rawSession(port);
    const held = [open(session, BIDI), open(session, BIDI), open(session, UNARY)];
    await roundTrip(session);
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
