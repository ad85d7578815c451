import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerHttp2Stream } from 'node:http2';
import { finished } from 'node:stream/promises';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { TestService } from '@plumbline/contract-grpc-testing';
import { eventually } from '@plumbline/testing';
import { createClient } from '../src/index.ts';
import { closeAll, connect, serve } from './serve.ts';

const CREATED = 'http2.server.stream.created';
let streams: ServerHttp2Stream[] = [];
const keep = (message: unknown): void => {
  streams.push((message as { stream: ServerHttp2Stream }).stream);
};

beforeEach(() => {
  subscribe(CREATED, keep);
});

afterEach(async () => {
  unsubscribe(CREATED, keep);
  streams = [];
  await closeAll();
});

/** So many calls, one after the other; whoever keeps their streams keeps what the streams hold. */
async function call(times: number): Promise<void> {
  const { port } = await serve({ emptyCall: () => ({}) });
  const client = createClient(TestService, connect(`127.0.0.1:${port}`));
  for (let n = 0; n < times; n++) await client.emptyCall({});
  await eventually(() => streams.length === times && streams.every(({ destroyed }) => destroyed));
}

it('share the states of their sides', async () => {
  await call(3);
  const states = streams.map((stream) => stream as unknown as Record<string, unknown>);
  expect(new Set(states.map(({ _readableState }) => _readableState)).size).toBe(1);
  expect(new Set(states.map(({ _writableState }) => _writableState)).size).toBe(1);
});

it('say that they are over, and take nothing more', async () => {
  await call(2);
  for (const stream of streams) {
    expect(stream).toMatchObject({ closed: true, destroyed: true, errored: null, sentTrailers: undefined });
    await expect(finished(stream)).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    const refused = await new Promise<unknown>((resolve) => stream.write('late', resolve));
    expect(refused).toMatchObject({ code: 'ERR_STREAM_DESTROYED' });
    expect(() => {
      stream.destroy(new Error('late'));
    }).not.toThrow();
  }
});
