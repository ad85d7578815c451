import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { calibrated, counted } from './calibrated.ts';

const mismatch = (seen: number, requests: number) => new Error(`${seen} of ${requests}`);

describe('a calibrated side', () => {
  it('warms up long enough and then makes the requests of one round, every time', async () => {
    const sizes = fc.record({
      perSecond: fc.integer({ min: 10, max: 30_000 }),
      inFlight: fc.integer({ min: 1, max: 128 }),
      warmSeconds: fc.integer({ min: 0, max: 5 }),
      roundSeconds: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ perSecond, ...calibration }) => {
        const loads: number[] = [];
        const load = async (requests: number) => {
          loads.push(requests);
          return perSecond;
        };
        const side = await calibrated(load, calibration);
        const warmSeconds = loads.reduce((sum, requests) => sum + requests / perSecond, 0);
        expect(warmSeconds).toBeGreaterThanOrEqual(calibration.warmSeconds);
        const warmLoads = loads.length;
        await side();
        await side();
        const expected = Math.max(2 * calibration.inFlight, perSecond * calibration.roundSeconds);
        expect(loads.slice(warmLoads)).toEqual([expected, expected]);
      }),
    );
  });

  it('sizes its rounds by what was reached when warm', async () => {
    let warmth = 0;
    const load = async () => 1_000 * Math.min((warmth += 1), 4);
    const loads: number[] = [];
    const side = await calibrated(async (requests) => (loads.push(requests), load()), {
      inFlight: 100,
      warmSeconds: 2,
      roundSeconds: 3,
    });
    await side();
    expect(loads.at(-1)).toBe(12_000);
  });
});

describe('a counted load', () => {
  it('is held to what the server counts', async () => {
    let answered = 7;
    const honest = async (requests: number) => ((answered += requests), 5);
    const failing = async (requests: number) => ((answered += requests - 1), 5);
    const count = async () => answered;
    await expect(counted(honest, count, mismatch)(10)).resolves.toBe(5);
    await expect(counted(failing, count, mismatch)(10)).rejects.toThrow('9 of 10');
  });

  it('is taken at its word where the server does not count', async () => {
    const load = counted(
      async () => 5,
      async () => undefined,
      mismatch,
    );
    await expect(load(10)).resolves.toBe(5);
  });
});
