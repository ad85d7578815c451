import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { closedLoop } from './closed-loop.ts';

describe('a closed loop', () => {
  it('makes all calls and never has more in flight than asked for', async () => {
    const sizes = fc.record({
      inFlight: fc.integer({ min: 1, max: 8 }),
      requests: fc.integer({ min: 8, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async (load) => {
        let inFlight = 0;
        let most = 0;
        const call = async () => {
          inFlight += 1;
          most = Math.max(most, inFlight);
          await turn();
          inFlight -= 1;
          return 0;
        };
        expect(await closedLoop(call, load, () => 0)).toMatchObject({ ok: load.requests, failures: {} });
        expect(most).toBe(load.inFlight);
      }),
      { numRuns: 20 },
    );
  });

  it('counts failures by their status and takes the time from first call to last answer', async () => {
    const statuses = [0, 14, 0, 8, 14];
    let nowMs = 1_000;
    const call = async () => {
      nowMs += 500;
      return statuses.shift() ?? 0;
    };
    const report = await closedLoop(call, { inFlight: 1, requests: 5 }, () => nowMs);
    expect(report).toEqual({ seconds: 2.5, ok: 2, failures: { 8: 1, 14: 2 } });
  });
});
