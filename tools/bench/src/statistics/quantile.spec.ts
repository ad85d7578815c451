import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ascending, median, quantile } from './quantile.ts';

// Without -0, which only Object.is tells from 0.
const figure = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const values = fc.array(figure, { minLength: 1, maxLength: 200 });
const share = fc.integer({ min: 1, max: 1_000 });

describe('a quantile', () => {
  it.each([
    [0.5, 50],
    [0.07, 7],
    [0.99, 99],
    [0.999, 100],
    [1, 100],
    [0.001, 1],
  ])('of 1 … 100 at %d is %d', (q, expected) => {
    expect(
      quantile(
        Array.from({ length: 100 }, (_, index) => index + 1),
        q,
      ),
    ).toBe(expected);
  });

  it('is the smallest value that the share of all values does not exceed', () => {
    fc.assert(
      fc.property(values, share, (all, thousandths) => {
        const covers = (bound: number) =>
          all.filter((value) => value <= bound).length * 1_000 >= thousandths * all.length;
        const expected = [...all].sort((a, b) => a - b).find(covers);
        expect(quantile(ascending(all), thousandths / 1_000)).toBe(expected);
      }),
    );
  });

  it.each([[0], [1.1], [-1], [NaN]])('is refused at %d', (q) => {
    expect(() => quantile([1], q)).toThrow(RangeError);
  });

  it('of nothing is refused', () => {
    expect(() => quantile([], 0.5)).toThrow(RangeError);
  });
});

describe('the median', () => {
  it.each([
    [[3], 3],
    [[4, 1], 2.5],
    [[9, 1, 5], 5],
    [[1, 100, 2, 3], 2.5],
  ])('of %j is %d', (all, expected) => {
    expect(median(all)).toBe(expected);
  });

  it('has as many values below it as above', () => {
    fc.assert(
      fc.property(values, (all) => {
        const middle = median(all);
        expect(all.filter((value) => value < middle).length).toBeLessThanOrEqual(all.length / 2);
        expect(all.filter((value) => value > middle).length).toBeLessThanOrEqual(all.length / 2);
      }),
    );
  });

  it('of nothing is refused', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});
