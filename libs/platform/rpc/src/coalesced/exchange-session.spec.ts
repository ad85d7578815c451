import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { MetadataMap } from '../context/metadata.ts';
import { ServerCallContext } from '../context/server-call-context.ts';
import { rpcErrors } from '../errors.ts';
import type { MethodInfo, ServedMethod, ServerCall } from '../server/call.ts';
import { InFlightCalls } from '../server/in-flight.ts';
import { decodeAnswers } from './decode-frame.ts';
import { encodeCalls, sizedCall } from './encode-frame.ts';
import { exchange } from './exchange-session.ts';
import { EMPTY_CALL, type ReceivedAnswer, type CallItem } from './items.ts';
import type { Sized } from './sized-item.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const limits = { maxMessageBytes: 1_000, maxElements: 10, maxDeadlineMs: 60_000, defaultDeadlineMs: 60_000 };
const info: MethodInfo = { path: 'a.B/C', service: 'a.B', name: 'C', kind: 'unary', raw: true };

function served(run: ServedMethod['run']): ServedMethod {
  return { info, limits, run };
}

interface Session {
  readonly ended: Promise<void>;
  readonly calls: InFlightCalls;
  readonly context: ServerCallContext;
  readonly draining: AbortController;
}

/** A session between given request frames and `send`, without a network. */
function startSession(
  method: ServedMethod,
  requests: AsyncIterable<Buffer>,
  send: (frame: Buffer) => Promise<void>,
): Session {
  const calls = new InFlightCalls();
  const draining = new AbortController();
  const context = new ServerCallContext({
    method: 'Exchange',
    requestMetadata: new MetadataMap(),
    timeoutMs: Infinity,
    log: silent,
  });
  const run = exchange({
    router: new Map([[info.path, method]]),
    unknownMethod: served(async () => {
      throw rpcErrors.METHOD_NOT_FOUND('none');
    }),
    log: silent,
    calls,
    draining: draining.signal,
  });
  const stream: ServerCall = { method: { ...info, kind: 'bidi_streaming' }, context, requests, send };
  return { ended: run(stream), calls, context, draining };
}

const call = (callId: number): Sized<CallItem> => sizedCall({ ...EMPTY_CALL, callId, method: info.path });

describe('a coalesced session', () => {
  it('stops reading when the client does not take its answers', async () => {
    let frames = 0;
    const flood = async function* () {
      for (let id = 1; ; id += 1_000) {
        frames++;
        yield encodeCalls(Array.from({ length: 1_000 }, (_, index) => call(id + index)));
      }
    };
    const echo = served(async (item) => {
      item.response = Buffer.alloc(10);
    });
    startSession(echo, flood(), () => new Promise(() => undefined));
    for (let turn = 0; turn < 200; turn++) await nextTurn();
    const reached = frames;
    for (let turn = 0; turn < 200; turn++) await nextTurn();
    expect(frames).toBe(reached);
    expect(reached).toBeLessThan(20);
  });

  it('reads on when the client takes its answers again', async () => {
    const answers: ReceivedAnswer[] = [];
    let open = (): void => undefined;
    const blocked = new Promise<void>((resolve) => (open = resolve));
    const requests = async function* () {
      for (let id = 1; id <= 20_001; id += 1_000) {
        yield encodeCalls(Array.from({ length: 1_000 }, (_, index) => call(id + index)));
      }
    };
    const { ended, calls } = startSession(
      served(async (item) => {
        item.response = Buffer.alloc(3_000);
      }),
      requests(),
      async (frame) => {
        await blocked;
        answers.push(...decodeAnswers(frame).items);
      },
    );
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    open();
    await ended;
    expect(new Set(answers.map(({ callId }) => callId)).size).toBe(21_000);
    expect(calls.size).toBe(0);
  });

  it('cancels the calls at work when its stream is cancelled', async () => {
    const reasons: string[] = [];
    const waiting = served(
      ({ context }) =>
        new Promise((_resolve, reject) => {
          context.onCancel((error) => {
            reasons.push(error.reason);
            reject(error);
          });
        }),
    );
    const { promise: never } = Promise.withResolvers<void>();
    const requests = async function* () {
      yield encodeCalls([call(1), call(2)]);
      await never;
    };
    const { context, calls } = startSession(waiting, requests(), async () => undefined);
    while (calls.size < 2) await nextTurn();
    context.cancel(rpcErrors.CALL_CANCELLED('gone'));
    while (calls.size > 0) await nextTurn();
    expect(reasons).toEqual(['CALL_CANCELLED', 'CALL_CANCELLED']);
  });

  it('fails when an id is used twice at once, and may use it again afterwards', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const gated = served(() => gate);
    const twice = async function* () {
      yield encodeCalls([call(7), call(7)]);
    };
    await expect(startSession(gated, twice(), async () => undefined).ended).rejects.toMatchObject({
      reason: 'MALFORMED_MESSAGE',
    });
    open();
    const inTurn = async function* () {
      yield encodeCalls([call(7)]);
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      yield encodeCalls([call(7)]);
    };
    await expect(startSession(gated, inTurn(), async () => undefined).ended).resolves.toBeUndefined();
  });

  it('refuses a message over 4 MiB before it reads what is in it', async () => {
    let started = 0;
    const counting = served(async () => {
      started++;
    });
    const payload = Buffer.alloc(64 * 1024);
    const frameOf = (calls: number): Buffer =>
      encodeCalls(
        Array.from({ length: calls }, (_, index) => sizedCall({ ...call(index + 1).item, payload })),
      );
    const requests = async function* () {
      yield frameOf(63);
      yield frameOf(64);
    };
    await expect(startSession(counting, requests(), async () => undefined).ended).rejects.toMatchObject({
      codeName: 'RESOURCE_EXHAUSTED',
      reason: 'MESSAGE_TOO_LARGE',
      metadata: { maxMessageBytes: String(4 * 1024 * 1024) },
    });
    expect(started).toBe(63);
  });

  it('announces the drain once and still answers', async () => {
    const frames: { draining: boolean; ids: number[] }[] = [];
    const { promise: half, resolve: goOn } = Promise.withResolvers<void>();
    const requests = async function* () {
      yield encodeCalls([call(1)]);
      await half;
      yield encodeCalls([call(2)]);
    };
    const { ended, draining } = startSession(
      served(async () => undefined),
      requests(),
      async (frame) => {
        const { items, draining: announced } = decodeAnswers(frame);
        frames.push({ draining: announced, ids: items.map(({ callId }) => callId) });
      },
    );
    draining.abort();
    while (!frames.some((frame) => frame.draining)) await nextTurn();
    goOn();
    await ended;
    expect(frames.filter((frame) => frame.draining)).toHaveLength(1);
    expect(frames.flatMap(({ ids }) => ids)).toEqual([1, 2]);
  });
});
