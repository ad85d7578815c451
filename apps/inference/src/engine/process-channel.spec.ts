import { fstatSync } from 'node:fs';
import { duplexPair, type Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '../../test/manual-clock.ts';
import { openExchange, fetchPlacedSync, placeSync } from './exchange.ts';
import { SMALL_RUNS } from './exchange-size.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import { ProcessChannel } from './process-channel.ts';
import type { FromRunner } from './protocol.ts';
import { IDLE_MS } from './run-exchange.ts';

const MIB = 2 ** 20;

interface RunHead {
  readonly id: number;
  readonly position?: number;
  readonly placedBytes?: number;
}

/** A runner process that gives back what it is given, by the way that it came. */
function echo(socket: Duplex, exchange: number, placed: boolean[]): void {
  const reader = new FrameReader();
  socket.on('data', (chunk: Buffer) => {
    for (const { head, body } of reader.push(chunk)) {
      const { id, position, placedBytes } = head as RunHead;
      const bytes = placedBytes === undefined ? new Uint8Array(body) : new Uint8Array(placedBytes);
      if (placedBytes !== undefined) fetchPlacedSync(exchange, bytes, position ?? 0);
      placed.push(position !== undefined);
      const outputs = [{ shape: [bytes.length], sizeBytes: bytes.length }];
      const ran = { kind: 'ran', id, startedUs: 0, inputUs: 0, inferUs: 0, outputs };
      const back = position !== undefined && placeSync(exchange, [bytes], position);
      const frame = back ? encodeFrame({ ...ran, placedBytes: bytes.length }, []) : encodeFrame(ran, [bytes]);
      for (const part of frame) socket.write(part);
    }
  });
}

const channels: ProcessChannel[] = [];
afterEach(() => channels.splice(0).forEach((channel) => channel.end(() => undefined)));

/** A channel to an echo, and the memory of its exchange. */
function bench() {
  const [near, far] = duplexPair();
  const exchange = openExchange();
  if (exchange === undefined) throw new Error('no exchange');
  const clock = new ManualClock();
  const placed: boolean[] = [];
  echo(far, exchange, placed);
  const waiting = new Map<number, (message: FromRunner) => void>();
  const listener = {
    message: (message: FromRunner) => message.kind === 'ran' && waiting.get(message.id)?.(message),
    breach: (cause: unknown) => {
      throw cause;
    },
  };
  const channel = new ProcessChannel(near, exchange, listener, clock.alarm);
  channels.push(channel);
  let nextId = 0;
  const run = async (sizeBytes: number, value = 7) => {
    const id = nextId++;
    const answer = new Promise<FromRunner>((resolve) => waiting.set(id, resolve));
    const { buffer } = new Uint8Array(sizeBytes).fill(value);
    const inputs = [{ offsetBytes: 0, sizeBytes, shape: [sizeBytes] }];
    channel.send({ kind: 'run', id, buffer, inputs, outputs: [undefined] });
    const message = await answer;
    const [output] = message.kind === 'ran' ? message.outputs : [];
    expect(output?.raw.length).toBe(sizeBytes);
    expect(output?.raw.every((byte) => byte === value)).toBe(true);
  };
  return { run, clock, placed, heldBytes: () => fstatSync(exchange).blocks * 512 };
}

describe('the exchange of a runner process', () => {
  it('gives back what a large request took, once no run has come for a while', async () => {
    const { run, clock, heldBytes } = bench();
    await run(40 * MIB);
    clock.setTo(IDLE_MS - 1);
    await run(MIB);
    expect(heldBytes()).toBeGreaterThanOrEqual(40 * MIB);
    expect(clock.nextMs).toBe(2 * IDLE_MS - 1);
    clock.setTo(2 * IDLE_MS - 1);
    // Waits for what is being given back.
    await run(MIB, 8);
    expect(heldBytes()).toBeLessThan(2 * MIB);
  });

  it('keeps a little for the next runs', async () => {
    const { run, clock, heldBytes } = bench();
    await run(8 * MIB);
    expect(clock.nextMs).toBe(Infinity);
    expect(heldBytes()).toBeGreaterThanOrEqual(8 * MIB);
  });

  it('gives it back between small runs that never pause, each of which is answered with its own', async () => {
    const { run, placed, heldBytes } = bench();
    await run(40 * MIB);
    const line = async () => {
      for (let index = 0; index < SMALL_RUNS; index++) await run(100_000, index % 200);
    };
    await Promise.all([line(), line(), line()]);
    expect(heldBytes()).toBeLessThan(MIB);
    expect(placed.filter((given) => !given).length).toBeGreaterThan(0);
    expect(placed.at(-1)).toBe(true);
  });
});
