import { describe, expect, it } from '@jest/globals';
import { compare, featureAsScore, measure, reversed } from './measure.ts';

const labels = Uint8Array.of(0, 1, 0, 1, 1, 0);
const scores = Float64Array.of(0.1, 0.9, 0.4, 0.8, 0.3, 0.2);

describe('measure', () => {
  it('gives ROC AUC, Brier score and log loss with intervals over all rows', () => {
    const metrics = measure(scores, labels);
    expect(metrics.map(({ name, n, confidence }) => [name, n, confidence])).toEqual([
      ['roc_auc', 6, 0.95],
      ['brier', 6, 0.95],
      ['log_loss', 6, 0.95],
      ['calibration_in_the_large', 6, 0.95],
    ]);
    expect(metrics[0]!.value).toBeCloseTo(8 / 9, 12);
  });
});

describe('compare', () => {
  it('is the difference of the areas, and reversed it is the other’s', () => {
    const other = scores.map((score) => -score);
    const difference = compare(scores, other, labels);
    expect(difference).toMatchObject({ name: 'roc_auc', value: expect.closeTo(7 / 9, 12) });
    const { value, lower, upper } = compare(other, scores, labels);
    expect(reversed(difference)).toMatchObject({
      value: expect.closeTo(value, 12),
      lower: expect.closeTo(lower, 12),
      upper: expect.closeTo(upper, 12),
    });
  });
});

describe('featureAsScore', () => {
  it('ranks missing values in the middle', () => {
    expect([...featureAsScore(Float32Array.of(1, Number.NaN, 4, Number.NaN, 1))]).toEqual([1, 2, 4, 2, 1]);
  });

  it('is constant where nothing is present', () => {
    expect([...featureAsScore(Float32Array.of(Number.NaN, Number.NaN))]).toEqual([0, 0]);
  });
});
