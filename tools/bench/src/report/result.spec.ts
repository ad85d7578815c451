import { describe, expect, it } from '@jest/globals';
import { failedResult, resultOf } from './result.ts';

describe('a result', () => {
  it('is the median of its runs', () => {
    expect(resultOf({ id: 'a', unit: 'req/s', runs: [3, 1, 2], note: 'n' })).toEqual({
      id: 'a',
      value: 2,
      unit: 'req/s',
      bar: null,
      sense: 'atLeast',
      pass: true,
      runs: [3, 1, 2],
      note: 'n',
    });
  });

  it.each([
    ['atLeast', 0.8, 0.8, true],
    ['atLeast', 0.79, 0.8, false],
    ['atMost', 3, 3, true],
    ['atMost', 3.1, 3, false],
    ['atMost', 0, 0, true],
    ['atLeast', 0.7999999, 0.8, false],
  ] as const)('%s: %d against the bar %d passes: %s', (sense, value, bar, pass) => {
    expect(resultOf({ id: 'a', unit: '', runs: [value], sense, bar }).pass).toBe(pass);
  });

  it('says another value than the median where told', () => {
    expect(resultOf({ id: 'a', unit: '', runs: [1, 2, 9], value: 9 }).value).toBe(9);
  });

  it('fails where the figure could not be had', () => {
    expect(failedResult('a', 'away')).toMatchObject({ pass: false, note: 'away', runs: [] });
  });
});
