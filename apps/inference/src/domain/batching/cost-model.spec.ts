import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CostModel } from './cost-model.ts';

describe('CostModel', () => {
  it('expects nothing before it has seen a batch', () => {
    expect(new CostModel().estimateMs(100)).toBe(0);
  });

  it('finds the line that batches of several sizes lie on', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 10, noNaN: true }),
        (perRow, fixed) => {
          const cost = new CostModel();
          for (let round = 0; round < 20; round++) {
            for (const rows of [1, 7, 32]) cost.observe(rows, perRow * rows + fixed);
          }
          expect(cost.estimateMs(64)).toBeCloseTo(perRow * 64 + fixed, 4);
          expect(cost.drainMs(130, 64)).toBeCloseTo(2 * (perRow * 64 + fixed) + perRow * 2 + fixed, 4);
        },
      ),
    );
  });

  it('takes batches of one size as they are', () => {
    const cost = new CostModel();
    for (let round = 0; round < 5; round++) cost.observe(8, 4);
    expect(cost.estimateMs(8)).toBeCloseTo(4);
    expect(cost.estimateMs(16)).toBeCloseTo(4);
  });

  it('forgets: after many faster batches the slow ones count no more', () => {
    const cost = new CostModel();
    for (let round = 0; round < 10; round++) cost.observe(8, 100);
    for (let round = 0; round < 500; round++) cost.observe(8, 1);
    expect(cost.estimateMs(8)).toBeLessThan(1.1);
  });

  it('never expects less than nothing, whatever noise it saw', () => {
    const observations = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 64 }), fc.double({ min: 0, max: 50, noNaN: true })),
    );
    fc.assert(
      fc.property(observations, fc.integer({ min: 1, max: 64 }), (seen, rows) => {
        const cost = new CostModel();
        for (const [size, ms] of seen) cost.observe(size, ms);
        expect(cost.estimateMs(rows)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
