import { describe, expect, it } from '@jest/globals';
import { failedResult, resultOf } from './result.ts';
import { judgementsOf, shown, tableOf } from './table.ts';

describe('the table', () => {
  it('has a row per figure with its bar, its mark and the spread of its rounds', () => {
    const table = tableOf([
      resultOf({ id: 'rate', unit: 'req/s', runs: [20_000, 22_000.4] }),
      resultOf({ id: 'ratio', unit: '×', runs: [0.5], bar: 0.8, note: 'over echo' }),
      resultOf({ id: 'p99', unit: 'ms', runs: [1.234], bar: 3, sense: 'atMost' }),
      failedResult('swaps', 'no answer'),
    ]);
    expect(table).toEqual([
      'figure    ours  unit   bar       rounds           note',
      'rate    21,000  req/s            20,000 … 22,000',
      'ratio      0.5  ×      ≥ 0.8  ✗                   over echo',
      'p99       1.23  ms     ≤ 3    ✓',
      'swaps        –                ✗                   no answer',
    ]);
  });

  it("shows a peer's figure beside ours", () => {
    const table = tableOf([
      resultOf({ id: 'rate', unit: 'req/s', runs: [9] }),
      resultOf({ id: 'peer-rate', unit: 'req/s', runs: [8] }),
    ]);
    expect(table.map((line) => line.split(/\s+/).slice(0, 4))).toEqual([
      ['figure', 'ours', 'peer', 'unit'],
      ['rate', '9', '8', 'req/s'],
    ]);
  });

  it('is preceded by the judgement of every bar', () => {
    const results = [
      resultOf({ id: 'rate', unit: 'req/s', runs: [9] }),
      resultOf({ id: 'ratio', unit: '×', runs: [0.5], bar: 0.8 }),
      resultOf({ id: 'p99', unit: 'ms', runs: [1.234], bar: 3, sense: 'atMost' }),
    ];
    expect(judgementsOf(results)).toEqual(['✗ ratio: 0.5 × (≥ 0.8)', '✓ p99: 1.23 ms (≤ 3)']);
  });

  it.each([
    [1_234_567, '1,234,567'],
    [99.99, '100'],
    [0.12345, '0.123'],
    [0, '0'],
    [3, '3'],
  ])('shows %d as %s', (figure, text) => {
    expect(shown(figure)).toBe(text);
  });
});
