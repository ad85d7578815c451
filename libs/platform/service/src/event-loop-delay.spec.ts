import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { exposeEventLoopDelay, exposeIntervals } from './event-loop-delay.ts';

const STALL_MS = 80;
const RESOLUTION_MS = 4;
const NANOSECONDS_PER_MS = 1e6;

/** Keeps the loop from turning, and then lets it turn, so that the sampling's timer runs. */
async function stall(): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
  await turn();
  await turn();
}

let registry: Registry;

beforeEach(() => {
  registry = new Registry();
});

/** Of the quantiles 0.5, 0.99, 0.999 and 1. */
async function delaysMs(): Promise<number[]> {
  const text = await registry.metrics();
  return [...text.matchAll(/^plumbline_event_loop_delay_seconds\{quantile=.*\} (\S+)$/gm)].map(
    ([, seconds]) => 1_000 * Number(seconds),
  );
}

describe('the delay of the event loop', () => {
  it('is at least as long as a stall of the loop', async () => {
    const close = exposeEventLoopDelay(registry);
    await stall(); // samples begin with the first turn of the loop
    await stall();
    expect((await delaysMs()).at(-1)).toBeGreaterThan(STALL_MS / 2);
    close();
  });

  it('is 0 before anything was sampled', async () => {
    const close = exposeEventLoopDelay(registry);
    expect(await delaysMs()).toEqual([0, 0, 0, 0]);
    close();
  });
});

describe('intervals between samples', () => {
  let intervals: RecordableHistogram;

  beforeEach(() => {
    intervals = createHistogram();
    exposeIntervals(registry, intervals);
  });
  const sample = (intervalMs: number) => intervals.record(intervalMs * NANOSECONDS_PER_MS);

  it('show by how much they were too long, in the scrape after them and in no other', async () => {
    sample(RESOLUTION_MS + STALL_MS);
    const [median, , , longest] = await delaysMs();
    expect([median, longest]).toEqual([expect.closeTo(STALL_MS, 0), expect.closeTo(STALL_MS, 0)]);
    sample(RESOLUTION_MS);
    expect((await delaysMs()).at(-1)).toBeCloseTo(0, 1);
  });

  it('show as quantiles, ascending', async () => {
    for (let count = 0; count < 980; count++) sample(RESOLUTION_MS);
    for (const delayMs of [20, 500]) for (let count = 0; count < 10; count++) sample(RESOLUTION_MS + delayMs);
    const delays = await delaysMs();
    expect(delays).toEqual([0, 20, 500, 500].map((delayMs) => expect.closeTo(delayMs, -1) as unknown));
  });
});
