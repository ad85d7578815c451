import { afterEach, describe, expect, it } from '@jest/globals';
import { TestService } from '@plumbline/contract-grpc-testing';
import { ServiceError } from '@plumbline/errors';
import { implementRaw, rawUnary, type CallContext, type Channel } from '../src/index.ts';
import { closeAll, serveImplementations } from './serve.ts';

afterEach(closeAll);

const UNARY = 'grpc.testing.TestService/UnaryCall';

type Handle = (request: Buffer, context: CallContext) => Promise<Buffer>;

async function served(handle: Handle): Promise<Channel> {
  const implementation = implementRaw(TestService, { UnaryCall: handle });
  return (await serveImplementations([implementation], {}, { coalesce: true })).channel;
}

/** Lets all calls go on in one turn of the event loop, when `count` of them have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let arrived = 0;
  return () => {
    if (++arrived === count) resolve();
    return promise;
  };
}

const callTimes = <T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

describe('bursts on the coalesced stream', () => {
  it('brings 5,000 empty answers that are ready in one turn', async () => {
    const all = barrier(5_000);
    const channel = await served(async () => {
      await all();
      return Buffer.alloc(0);
    });
    const answers = await callTimes(5_000, () => rawUnary(channel, UNARY, Buffer.alloc(0)));
    expect(answers.every(({ response }) => response.length === 0)).toBe(true);
  });

  it('brings 5,000 errors with details that are ready in one turn, each to its caller', async () => {
    const all = barrier(5_000);
    const channel = await served(async (request) => {
      await all();
      const metadata = { index: request.toString(), detail: 'd'.repeat(1_000) };
      throw new ServiceError(9, 'REFUSED', 'no', { metadata });
    });
    const failures = await callTimes(5_000, async (index) => {
      const failed: unknown = await rawUnary(channel, UNARY, Buffer.from(String(index))).catch(
        (error: unknown) => error,
      );
      return failed instanceof ServiceError && failed.reason === 'REFUSED'
        ? failed.metadata['index']
        : failed;
    });
    expect(failures).toEqual(failures.map((_, index) => String(index)));
  });

  it('takes 10,000 calls at once from one client', async () => {
    const channel = await served(async (request) => request);
    const answers = await callTimes(10_000, (index) => rawUnary(channel, UNARY, Buffer.from(String(index))));
    expect(answers.map(({ response }) => response.toString())).toEqual(
      answers.map((_, index) => String(index)),
    );
  });
});

describe('metadata of one call', () => {
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, String(index)]));

  it('with too many entries for the stream lets the call travel by itself', async () => {
    const channel = await served(async (_request, { requestMetadata }) =>
      Buffer.from(requestMetadata.get('x-64') ?? 'absent'),
    );
    const [plain, large] = await Promise.all([
      rawUnary(channel, UNARY, Buffer.alloc(0)),
      rawUnary(channel, UNARY, Buffer.alloc(0), { metadata: many(65) }),
    ]);
    expect([plain.response.toString(), large.response.toString()]).toEqual(['absent', '64']);
  });

  it('with too many trailers fails the call and none of its neighbours', async () => {
    const all = barrier(3);
    const channel = await served(async (request, { responseTrailers }) => {
      for (const [name, value] of Object.entries(many(request.length))) responseTrailers.set(name, value);
      await all();
      return request;
    });
    const outcomes = await Promise.all(
      [0, 65, 64].map((count) =>
        rawUnary(channel, UNARY, Buffer.alloc(count)).then(
          ({ response }) => response.length,
          (error: ServiceError) => error.reason,
        ),
      ),
    );
    expect(outcomes).toEqual([0, 'TOO_MANY_ELEMENTS', 64]);
  });
});
