import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ServiceError } from '@plumbline/errors';
import { eventually } from '@plumbline/testing';
import { rawUnary, type Channel } from '../src/index.ts';
import { adopt, closeAll, connect } from './serve.ts';

afterEach(closeAll);

const METHOD = 'a.B/C';
const MIB = 1024 * 1024;

/** A peer that accepts the stream and reads nothing of it until `read`, which counts the bytes that come. */
async function peerThatDoesNotRead() {
  const sessions = new Set<ServerHttp2Session>();
  const streams: ServerHttp2Stream[] = [];
  const server = createServer();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream) => streams.push(stream.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  adopt({
    close: () => {
      for (const session of sessions) session.destroy();
      server.close();
    },
  });
  const channel = connect(`127.0.0.1:${(server.address() as AddressInfo).port}`, { coalesce: true });
  return { channel, streams };
}

const reasonOf = (error: unknown): unknown => (error instanceof ServiceError ? error.reason : error);
const call = (channel: Channel, payload: Buffer, options: object): Promise<unknown> =>
  rawUnary(channel, METHOD, payload, options).then(() => 'answered', reasonOf);

/** Fills the peer's receive window, so that nothing that is called afterwards is sent. */
async function block({ channel, streams }: Awaited<ReturnType<typeof peerThatDoesNotRead>>): Promise<void> {
  const options = { timeoutMs: 60_000 };
  for (let count = 0; count < 16; count++) void call(channel, Buffer.alloc(60_000), options);
  while (streams.length === 0 || (streams[0]?.readableLength ?? 0) === 0) await nextTurn();
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

describe('a peer that does not read', () => {
  it('holds no memory for calls that were given up before they were sent', async () => {
    const peer = await peerThatDoesNotRead();
    await block(peer);
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 10; round++) {
      const aborting = new AbortController();
      const outcomes = Array.from({ length: 1_000 }, (_, index) =>
        index % 2 === 0
          ? call(peer.channel, Buffer.alloc(16_000), { timeoutMs: 30 })
          : call(peer.channel, Buffer.alloc(16_000), { signal: aborting.signal }),
      );
      aborting.abort();
      expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['DEADLINE_EXPIRED', 'CALL_CANCELLED']));
    }
    // Buffers that nobody holds are given back by a thread that may come late on a busy machine.
    await eventually(() => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers - before < 32 * MIB;
    });
  });

  it('lets the client refuse calls past 32 MiB with RetryInfo, and take them again when others are given up', async () => {
    const peer = await peerThatDoesNotRead();
    await block(peer);
    const aborting = new AbortController();
    const payload = Buffer.alloc(64 * 1024);
    const waiting = Array.from({ length: 512 }, () =>
      call(peer.channel, payload, { signal: aborting.signal }),
    );
    await expect(rawUnary(peer.channel, METHOD, payload)).rejects.toMatchObject({
      codeName: 'RESOURCE_EXHAUSTED',
      reason: 'TOO_MANY_CALLS',
      retryAfterMs: 100,
    });
    aborting.abort();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set(['CALL_CANCELLED']));
    await expect(call(peer.channel, payload, { timeoutMs: 10 })).resolves.toBe('DEADLINE_EXPIRED');
  });
});
