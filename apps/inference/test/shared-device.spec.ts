import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Batcher } from '../src/domain/batching/batcher.ts';
import { DeviceShare } from '../src/domain/batching/device-share.ts';
import { RunnerPool } from '../src/domain/batching/runner-pool.ts';
import { batcherOptions } from './batcher-options.ts';
import { one, turn, UNLIMITED } from './batcher-bench.ts';
import { FakeRunner } from './fake-runner.ts';
import { ManualClock } from './manual-clock.ts';

/** A model whose every run takes this long in virtual time. */
function model(share: DeviceShare, clock: ManualClock, runMs: number, depth: number) {
  const counted = { usedMs: 0, ends: [] as number[] };
  const runner = new FakeRunner({
    before: async () => {
      await new Promise<void>((resolve) => clock.alarm(runMs, resolve));
      counted.usedMs += runMs;
      counted.ends.push(clock.nowMs);
    },
  });
  const batching = { rowed: true, together: true, maxRows: 4, padRows: 0 };
  const batcher = new Batcher(
    batcherOptions({ batching, nowMs: () => clock.nowMs, alarm: clock.alarm }),
    (onFree) =>
      new RunnerPool([runner], {
        reopen: async () => runner,
        depth,
        shareOf: () => share,
        delay: async () => undefined,
        onFree,
        onLoss: () => undefined,
      }),
  );
  return { batcher, counted };
}

/** Callers that each ask again as soon as they are answered. */
function saturate({ batcher }: ReturnType<typeof model>, playing: () => boolean): Promise<unknown> {
  const caller = async () => {
    while (playing()) await batcher.infer(one(1), UNLIMITED);
  };
  return Promise.all(Array.from({ length: 12 }, caller));
}

async function playUntil(clock: ManualClock, untilMs: number) {
  while (clock.nowMs < untilMs) {
    for (let turns = 0; turns < 4; turns++) await turn();
    clock.setTo(Math.min(clock.nextMs, untilMs));
  }
}

const runTimes = fc.integer({ min: 1, max: 20 });

describe('models that share a device', () => {
  it('get equal time of it while both are saturated, and a third that comes is served at once', async () => {
    await fc.assert(
      fc.asyncProperty(runTimes, runTimes, fc.integer({ min: 1, max: 2 }), async (oneMs, otherMs, depth) => {
        const clock = new ManualClock();
        const share = new DeviceShare(1);
        const models = [oneMs, otherMs].map((runMs) => model(share, clock, runMs, depth));
        const third = model(share, clock, 3, depth);
        let playing = true;
        const saturated = models.map((each) => saturate(each, () => playing));
        await playUntil(clock, 1_000);
        const used = models.map(({ counted: { usedMs } }) => usedMs);
        expect(Math.abs((used[0] ?? 0) - (used[1] ?? 0))).toBeLessThanOrEqual(4 * Math.max(oneMs, otherMs));
        const answered = third.batcher.infer(one(1), UNLIMITED);
        await playUntil(clock, 1_100);
        await answered;
        expect((third.counted.ends[0] ?? Infinity) - 1_000).toBeLessThanOrEqual(Math.max(oneMs, otherMs) + 3);
        playing = false;
        let over = false;
        void Promise.all(saturated).finally(() => (over = true));
        while (!over) await playUntil(clock, clock.nowMs + 1);
      }),
      { numRuns: 40 },
    );
  });

  it('leaves a model that is alone all of it', async () => {
    const clock = new ManualClock();
    const alone = model(new DeviceShare(1), clock, 5, 2);
    let playing = true;
    const saturated = saturate(alone, () => playing);
    await playUntil(clock, 1_000);
    expect(alone.counted.usedMs).toBeGreaterThanOrEqual(990);
    playing = false;
    let over = false;
    void saturated.finally(() => (over = true));
    while (!over) await playUntil(clock, clock.nowMs + 1);
  });
});
