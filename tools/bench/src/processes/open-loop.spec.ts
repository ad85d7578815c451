import { describe, expect, it } from '@jest/globals';
import { openLoop } from './open-loop.ts';

/** Time that passes only while somebody waits for it; calls are served one after the other. */
function world(serviceMs: (call: number) => number) {
  let nowMs = 5_000;
  let freeAtMs = 0;
  let calls = 0;
  const timers: { atMs: number; ring: () => void }[] = [];
  const at = (atMs: number) => new Promise<void>((ring) => timers.push({ atMs, ring }));
  async function pass(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      timers.sort((a, b) => a.atMs - b.atMs);
      const next = timers.shift();
      if (next === undefined) return;
      nowMs = Math.max(nowMs, next.atMs);
      next.ring();
    }
  }
  return {
    pass,
    nowMs: () => nowMs,
    pause: (ms: number) => at(nowMs + ms),
    call: async (): Promise<number> => {
      freeAtMs = Math.max(freeAtMs, nowMs) + serviceMs(calls++);
      await at(freeAtMs);
      return 0;
    },
  };
}

function* every(gapMs: number): Generator<number, never> {
  for (let atMs = gapMs; ; atMs += gapMs) yield atMs;
}

const running = () => false;

describe('an open loop', () => {
  it('sends at the intended instants whatever the answers take', async () => {
    const { pass, ...time } = world(() => 3);
    const report = openLoop({ ...time, arrivals: every(10), endsAfterMs: 1_005, stopped: running });
    await pass();
    expect(await report).toMatchObject({ sent: 100, failures: {}, latencyMs: { p50: 3, max: 3 } });
  });

  it('charges a stall to every call that would have come meanwhile', async () => {
    const { pass, ...time } = world((call) => (call === 0 ? 500 : 0));
    const report = openLoop({ ...time, arrivals: every(10), endsAfterMs: 1_005, stopped: running });
    await pass();
    const { latencyMs } = await report;
    // The first waits 500 ms, and the 49 behind it 490, 480 … 10 ms: half of all calls see the stall.
    expect(latencyMs).toMatchObject({ p50: 0, p99: 490, max: 500 });
  });

  it('counts failures', async () => {
    const { pass, ...time } = world(() => 1);
    const call = async () => (await time.call()) + 14;
    const report = openLoop({ ...time, call, arrivals: every(100), endsAfterMs: 450, stopped: running });
    await pass();
    expect(await report).toMatchObject({ sent: 4, failures: { 14: 4 } });
  });

  it('ends when it is told to, with the answers of all calls that it made', async () => {
    const { pass, ...time } = world(() => 1);
    const until = time.nowMs() + 305;
    const stopped = () => time.nowMs() >= until;
    const report = openLoop({ ...time, arrivals: every(10), endsAfterMs: Infinity, stopped });
    await pass();
    expect((await report).sent).toBe(30);
  });
});
