import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ServiceError } from '@plumbline/errors';
import { TestService } from '@plumbline/contract-grpc-testing';
import { implementRawStreams, type CallContext } from '../src/index.ts';
import { closeAll, serve, serveImplementations } from './serve.ts';

afterEach(closeAll);

const MIB = 1024 * 1024;

async function* bodies(count: number, size: number) {
  for (let index = 0; index < count; index++) yield { payload: { body: new Uint8Array(size) } };
}

describe('streams', () => {
  it('cancel the server when the reader stops early', async () => {
    const { promise, resolve } = Promise.withResolvers<CallContext>();
    const { client } = await serve({
      streamingOutputCall: async function* (_request, context) {
        resolve(context);
        for (;;) yield { payload: { body: new Uint8Array(10) } };
      },
    });
    for await (const _response of client.streamingOutputCall({})) break;
    const { signal } = await promise;
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.reason).toMatchObject({ reason: 'CALL_CANCELLED' });
  });

  it('hold back a server whose reader is slow', async () => {
    let produced = 0;
    const { client } = await serve({
      streamingOutputCall: async function* () {
        for (; produced < 200; produced++) yield { payload: { body: new Uint8Array(MIB / 4) } };
      },
    });
    let consumed = 0;
    let lead = 0;
    for await (const _response of client.streamingOutputCall({})) {
      consumed++;
      lead = Math.max(lead, produced - consumed);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(consumed).toBe(200);
    expect(lead).toBeLessThan(150);
  });

  it('carry what was sent before a failure, then the failure', async () => {
    const { client } = await serve({
      fullDuplexCall: async function* (requests) {
        for await (const _request of requests) {
          yield {};
          throw new ServiceError(10, 'MOVED', 'the leader moved', { retryAfterMs: 20 });
        }
      },
    });
    let received = 0;
    const reading = (async () => {
      for await (const _response of client.fullDuplexCall(bodies(3, 1))) received++;
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'MOVED', retryAfterMs: 20 });
    expect(received).toBe(1);
  });

  it('carry them to a client that goes on sending', async () => {
    const { client } = await serve({
      fullDuplexCall: async function* (requests) {
        for await (const _request of requests) {
          yield {};
          yield {};
          throw new ServiceError(10, 'MOVED', 'the leader moved', { retryAfterMs: 20 });
        }
      },
    });
    const { promise: never, resolve: release } = Promise.withResolvers<void>();
    const endless = async function* () {
      yield* bodies(1, 1);
      await never;
    };
    let received = 0;
    const reading = (async () => {
      for await (const _response of client.fullDuplexCall(endless())) received++;
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'MOVED', retryAfterMs: 20 });
    expect(received).toBe(2);
    release();
  });

  it('may be answered before all requests are read', async () => {
    const { client } = await serve({
      streamingInputCall: async (requests) => {
        for await (const _request of requests) break;
        return { aggregatedPayloadSize: 1 };
      },
    });
    await expect(client.streamingInputCall(bodies(1_000, 10_000))).resolves.toMatchObject({
      aggregatedPayloadSize: 1,
    });
  });

  it('end with the error of the requests that the caller could not produce', async () => {
    const { client } = await serve({
      streamingInputCall: async (requests) => {
        for await (const _request of requests);
        return {};
      },
    });
    const failing = async function* () {
      yield {};
      throw new ServiceError(15, 'DISK_GONE', 'cannot read on');
    };
    await expect(client.streamingInputCall(failing())).rejects.toMatchObject({ reason: 'DISK_GONE' });
  });

  it('upload tens of megabytes in order', async () => {
    const { client } = await serve({
      streamingInputCall: async (requests) => {
        let aggregatedPayloadSize = 0;
        for await (const { payload } of requests) aggregatedPayloadSize += payload?.body.length ?? 0;
        return { aggregatedPayloadSize };
      },
    });
    const { aggregatedPayloadSize } = await client.streamingInputCall(bodies(32, MIB));
    expect(aggregatedPayloadSize).toBe(32 * MIB);
  });

  it('refuse to start without credentials', async () => {
    const { client } = await serve(
      {
        streamingOutputCall: async function* () {
          yield {};
        },
      },
      {},
      { metadata: () => ({}) },
    );
    const reading = (async () => {
      for await (const _response of client.streamingOutputCall({}));
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'CREDENTIALS_MISSING' });
  });
});

describe('streams of bytes', () => {
  /** The payload is field 3 of a request and field 1 of a response. */
  const PAYLOAD_OF_RESPONSE = (1 << 3) | 2;
  const echo = implementRawStreams(TestService, {
    FullDuplexCall: async function* (requests) {
      for await (const request of requests) {
        yield Buffer.concat([Buffer.from([PAYLOAD_OF_RESPONSE]), request.subarray(1)]);
      }
    },
  });

  it('are carried as they came, each within the size limit', async () => {
    const { client } = await serveImplementations([echo], { limits: { maxMessageBytes: 100 } });
    const requests = async function* () {
      for (const size of [10, 80, 200]) yield { payload: { body: new Uint8Array(size) } };
    };
    const received: number[] = [];
    const reading = (async () => {
      for await (const { payload } of client.fullDuplexCall(requests()))
        received.push(payload?.body.length ?? 0);
    })();
    await expect(reading).rejects.toMatchObject({ reason: 'MESSAGE_TOO_LARGE' });
    expect(received).toEqual([10, 80]);
  });

  it('can only serve bidirectional streams', () => {
    expect(() => implementRawStreams(TestService, { UnaryCall: (requests) => requests })).toThrow(
      'grpc.testing.TestService has no bidirectional stream "UnaryCall"',
    );
  });
});

describe('createServer', () => {
  it('refuses limits for methods that it does not have', async () => {
    await expect(serve({}, { limits: { perMethod: { 'a.B/C': {} } } })).rejects.toThrow(/a\.B\/C/);
  });
});
