import { describe, expect, it } from '@jest/globals';
import { bestBatch } from './best-batch.ts';

/** Rates by batch size, one after the other; the first is that of the run that opens the session. */
function recorded(rates: Record<number, number[]>): (rows: number) => Promise<number> {
  return async (rows) => rates[rows]?.shift() ?? 0;
}

describe('the best batch size', () => {
  it('is the one with the highest median, whatever a single trial says', async () => {
    const rates = { 1: [1, 50, 50, 50], 2: [70, 70, 70], 4: [900, 20, 20] };
    expect(await bestBatch(recorded(rates), [1, 2, 4], 3)).toBe(2);
  });

  it('does not depend on the run that opens the session', async () => {
    const rates = { 1: [1_000, 50, 50, 50], 2: [70, 70, 70] };
    expect(await bestBatch(recorded(rates), [1, 2], 3)).toBe(2);
  });

  it('is the smaller of equals', async () => {
    expect(await bestBatch(async () => 5, [8, 16, 32], 2)).toBe(8);
  });

  it('is found by trials that take turns', async () => {
    const asked: number[] = [];
    await bestBatch(async (rows) => asked.push(rows), [1, 2], 2);
    expect(asked).toEqual([1, 1, 2, 2, 1]);
  });
});
