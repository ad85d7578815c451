import { once } from 'node:events';
import { constants, type ClientHttp2Session } from 'node:http2';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { TestService } from '@plumbline/contract-grpc-testing';
import { ServiceError } from '@plumbline/errors';
import { eventually } from '@plumbline/testing';
import type { Handlers } from '../src/index.ts';
import {
  BIDI,
  CLIENT_STREAM,
  CREDENTIALS,
  KINDS,
  MIB,
  SERVER_STREAM,
  UNARY,
  admitting,
  frame,
  open,
  rawSession,
  roundTrip,
} from './raw-call.ts';
import { closeAll, serve } from './serve.ts';

afterEach(closeAll);

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

  /** Passes much more than the time that a request may stand still, between what was sent and what is told of it. */
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
    for (let trip = 0; trip < 3; trip++) await roundTrip(session);
  }

  /** Takes headers only. */
  const deafSession = (port: number) => rawSession(port, { initialWindowSize: 0 });

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
    const { stream } = open(deafSession(port), UNARY);
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
      const { stream } = open(deafSession(port), BIDI);
      stream.write(frame(0));
      await passTimeUntil(() => stream.closed);
      expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    },
  );
});
