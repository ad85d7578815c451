import { describe, expect, it } from '@jest/globals';
import { inTurn, ratios } from './in-turn.ts';
import { median } from './quantile.ts';

describe('measuring in turn', () => {
  it('goes forth and back through the sides and keeps the figures of each', async () => {
    const order: string[] = [];
    const side = (name: string, figure: number) => async () => {
      order.push(name);
      return figure * order.length;
    };
    const figures = await inTurn([side('a', 1), side('b', 10)], 3);
    expect(order).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
    expect(figures).toEqual([
      [1, 4, 5],
      [20, 30, 60],
    ]);
  });

  it('tells of every round', async () => {
    const seen: number[] = [];
    await inTurn([async () => 1], 3, (done) => seen.push(done));
    expect(seen).toEqual([1, 2, 3]);
  });

  it('gives the ratio of its sides whatever one slow round does to both', async () => {
    const slowness = [1, 1, 1, 5, 1, 1];
    let call = 0;
    const side = (figure: number) => async () => figure / (slowness[Math.floor(call++ / 2)] as number);
    const [fast, slow] = (await inTurn([side(30), side(20)], 6)) as [number[], number[]];
    expect(median(ratios(fast, slow))).toBeCloseTo(1.5);
  });
});

describe('ratios', () => {
  it('pair the rounds', () => {
    expect(ratios([2, 9], [1, 3])).toEqual([2, 3]);
  });

  it('refuse rounds without a partner', () => {
    expect(() => ratios([1], [])).toThrow(RangeError);
  });
});
