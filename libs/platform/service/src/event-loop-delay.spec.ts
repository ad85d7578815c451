import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { Registry } from 'prom-client';
import { exposeEventLoopDelay } from './event-loop-delay.ts';

const STALL_MS = 80;

/** Keeps the loop from turning, and then lets it turn, so that the sampling's timer runs. */
async function stall(): Promise<void> {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
  await turn();
  await turn();
}

describe('the delay of the event loop', () => {
  let registry: Registry;
  let close: () => void;

  beforeEach(() => {
    registry = new Registry();
    close = exposeEventLoopDelay(registry);
  });
  afterEach(() => close());

  async function delaysSeconds(): Promise<number[]> {
    const text = await registry.metrics();
    return [...text.matchAll(/^plumbline_event_loop_delay_seconds\{quantile=.*\} (\S+)$/gm)].map(
      ([, value]) => Number(value),
    );
  }

  it('shows a stall by its length in the scrape after it, and in no other', async () => {
    await stall(); // samples begin with the first turn of the loop
    await stall();
    const longest = (await delaysSeconds()).at(-1);
    expect(longest).toBeGreaterThan(0.06);
    expect(longest).toBeLessThan(1);
    await eventually(async () => ((await delaysSeconds()).at(-1) as number) < 0.04);
  });

  it('says every quantile, ascending', async () => {
    await stall();
    await stall();
    const delays = await delaysSeconds();
    expect(delays).toHaveLength(4);
    expect(delays).toEqual([...delays].sort((a, b) => a - b));
  });

  it('is 0 before anything was sampled', async () => {
    close();
    registry = new Registry();
    close = exposeEventLoopDelay(registry);
    expect(await delaysSeconds()).toEqual([0, 0, 0, 0]);
  });
});
