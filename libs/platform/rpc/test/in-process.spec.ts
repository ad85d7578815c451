import { afterEach, describe, expect, it } from '@jest/globals';
import { fromBinary, toBinary, create } from '@bufbuild/protobuf';
import type { TestService } from '@plumbline/contract-grpc-testing';
import { SimpleRequestSchema, SimpleResponseSchema } from '@plumbline/contract-grpc-testing';
import { Registry } from 'prom-client';
import {
  MetadataMap,
  asBuffer,
  serviceToken,
  type CallContext,
  type Handlers,
  type ReadonlyMetadata,
} from '../src/index.ts';
import { SECRET, closeAll, serve } from './serve.ts';

afterEach(closeAll);

const PATH = 'grpc.testing.TestService/UnaryCall';
const request = asBuffer(toBinary(SimpleRequestSchema, create(SimpleRequestSchema, { responseSize: 3 })));
const known = MetadataMap.from({
  authorization: serviceToken('gateway', SECRET),
  'plumbline-tenant': 'acme',
});

const echo: Handlers<typeof TestService> = {
  unaryCall: ({ responseSize }, { tenant, responseHeaders, responseTrailers }) => {
    responseHeaders.set('plumbline-one', '1');
    responseTrailers.set('plumbline-two', '2');
    return { username: tenant, payload: { body: new Uint8Array(responseSize) } };
  },
};

/** Handlers that wait for their call to end. */
function waiting() {
  const { promise: entered, resolve: enter } = Promise.withResolvers<CallContext>();
  const handlers: Handlers<typeof TestService> = {
    unaryCall: (_request, context) => {
      enter(context);
      return new Promise<never>(() => undefined);
    },
  };
  return { handlers, entered };
}

describe('a call from within the process', () => {
  it('runs through the chain like any other', async () => {
    const metrics = new Registry();
    const { server, log } = await serve(echo, { metrics });
    const { response, trailers } = await server.invoke(PATH, request, { metadata: known });
    expect(fromBinary(SimpleResponseSchema, response)).toMatchObject({ username: 'acme' });
    expect([...trailers.entries()]).toEqual([
      ['plumbline-one', '1'],
      ['plumbline-two', '2'],
    ]);
    expect(log.lines).toEqual([
      expect.objectContaining({ fields: expect.objectContaining({ method: PATH, code: 'OK' }) as object }),
    ]);
    expect(await metrics.metrics()).toContain(`rpc_method="${PATH}",rpc_status_code="OK"`);
  });

  it('is refused without credentials, and its request is not asked for', async () => {
    const { server } = await serve(echo);
    let asked = 0;
    const ask = async (): Promise<Buffer> => {
      asked++;
      return request;
    };
    await expect(server.invoke(PATH, ask)).rejects.toMatchObject({ reason: 'CREDENTIALS_MISSING' });
    expect(asked).toBe(0);
    await server.invoke(PATH, ask, { metadata: known });
    expect(asked).toBe(1);
  });

  it('has the limits of its method', async () => {
    const { server } = await serve(echo, { limits: { maxMessageBytes: 1 } });
    await expect(server.invoke(PATH, request, { metadata: known })).rejects.toMatchObject({
      reason: 'MESSAGE_TOO_LARGE',
    });
  });

  it('fails as the failure to give its request', async () => {
    const { server } = await serve(echo);
    const fail = () => Promise.reject(new Error('secret'));
    await expect(server.invoke(PATH, fail, { metadata: known })).rejects.toMatchObject({
      reason: 'INTERNAL',
      message: 'internal error',
    });
  });

  it('ends by its deadline', async () => {
    const { handlers } = waiting();
    const { server } = await serve(handlers);
    const call = server.invoke(PATH, request, { metadata: known, timeoutMs: 20 });
    await expect(call).rejects.toMatchObject({ reason: 'DEADLINE_EXPIRED' });
  });

  it('ends by its deadline while its request is awaited', async () => {
    const { server } = await serve(echo);
    const never = () => new Promise<Buffer>(() => undefined);
    const call = server.invoke(PATH, never, { metadata: known, timeoutMs: 20 });
    await expect(call).rejects.toMatchObject({ reason: 'DEADLINE_EXPIRED' });
  });

  it('ends when its caller is gone', async () => {
    const { handlers, entered } = waiting();
    const { server } = await serve(handlers);
    const caller = new AbortController();
    const call = server.invoke(PATH, request, { metadata: known, signal: caller.signal });
    const refused = expect(call).rejects.toMatchObject({ reason: 'CALL_CANCELLED' });
    const { signal } = await entered;
    caller.abort();
    await refused;
    expect(signal.aborted).toBe(true);
    await expect(
      server.invoke(PATH, request, { metadata: known, signal: caller.signal }),
    ).rejects.toMatchObject({ reason: 'CALL_CANCELLED' });
  });

  it('ends when the server closes', async () => {
    const { handlers, entered } = waiting();
    const { server } = await serve(handlers);
    const refused = expect(server.invoke(PATH, request, { metadata: known })).rejects.toMatchObject({
      reason: 'SHUTTING_DOWN',
    });
    await entered;
    await server.close();
    await refused;
  });

  it('tells trailers of a failure too', async () => {
    const { server } = await serve({
      unaryCall: (_request, { responseTrailers }) => {
        responseTrailers.set('plumbline-two', '2');
        throw new Error('boom');
      },
    });
    let heard: ReadonlyMetadata | undefined;
    const onTrailers = (trailers: ReadonlyMetadata): void => {
      heard = trailers;
    };
    await expect(server.invoke(PATH, request, { metadata: known, onTrailers })).rejects.toMatchObject({
      reason: 'INTERNAL',
    });
    expect(heard?.get('plumbline-two')).toBe('2');
  });

  it.each(['grpc.testing.TestService/Nothing', 'grpc.testing.TestService/FullDuplexCall', 'nothing'])(
    'has no method %s',
    async (path) => {
      const { server } = await serve(echo);
      await expect(server.invoke(path, request, { metadata: known })).rejects.toMatchObject({
        reason: 'METHOD_NOT_FOUND',
      });
    },
  );
});
