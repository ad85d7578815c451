import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  brierScore,
  calibrationBins,
  calibrationInTheLarge,
  logLoss,
  rocAuc,
  rocAucDifference,
} from './index.ts';

/** Few distinct scores, so that ties are common; both classes occur twice or more. */
const examples = fc
  .array(
    fc.record({ a: fc.integer({ min: 0, max: 8 }), b: fc.integer({ min: 0, max: 8 }), y: fc.boolean() }),
    {
      minLength: 4,
      maxLength: 40,
    },
  )
  .filter((rows) => {
    const positives = rows.filter(({ y }) => y).length;
    return positives >= 2 && rows.length - positives >= 2;
  })
  .map((rows) => ({
    first: rows.map(({ a }) => a / 8),
    second: rows.map(({ b }) => b / 8),
    labels: rows.map(({ y }) => y),
  }));

const wins = (positive: number, negative: number): number =>
  positive > negative ? 1 : positive === negative ? 0.5 : 0;
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1);

/** AUC and DeLong's components straight from their definitions, in O(mn). */
function naive(scores: readonly number[], labels: readonly boolean[]) {
  const positive = scores.filter((_, i) => labels[i]);
  const negative = scores.filter((_, i) => !labels[i]);
  const positives = positive.map((x) => mean(negative.map((y) => wins(x, y))));
  const negatives = negative.map((y) => mean(positive.map((x) => wins(x, y))));
  return { auc: mean(positives), positives, negatives };
}

describe('rocAuc', () => {
  it('equals the share of pairs that are ordered right, ties counting one half', () => {
    fc.assert(
      fc.property(examples, ({ first, labels }) => {
        expect(rocAuc(first, labels).value).toBeCloseTo(naive(first, labels).auc, 12);
      }),
    );
  });

  it('spans the interval that DeLong defines', () => {
    fc.assert(
      fc.property(examples, ({ first, labels }) => {
        const { auc, positives, negatives } = naive(first, labels);
        const error = Math.sqrt(
          variance(positives) / positives.length + variance(negatives) / negatives.length,
        );
        const estimate = rocAuc(first, labels);
        expect(estimate.lower).toBeCloseTo(Math.max(0, auc - 1.959963984540054 * error), 10);
        expect(estimate.upper).toBeCloseTo(Math.min(1, auc + 1.959963984540054 * error), 10);
      }),
    );
  });

  it('does not change under a strictly increasing transformation of the scores', () => {
    fc.assert(
      fc.property(examples, ({ first, labels }) => {
        const transformed = first.map((score) => Math.exp(3 * score));
        expect(rocAuc(transformed, labels)).toEqual(rocAuc(first, labels));
      }),
    );
  });

  it('covers the true AUC in about 95 % of samples', () => {
    const truth = 0.75;
    let covered = 0;
    let state = 7;
    const uniform = (): number => (state = (state * 16807) % 2147483647) / 2147483647;
    for (let trial = 0; trial < 400; trial += 1) {
      const labels = Array.from({ length: 200 }, (_, i) => i % 2 === 0);
      const scores = labels.map((label) => (label ? Math.max(uniform(), uniform(), uniform()) : uniform()));
      const { lower, upper } = rocAuc(scores, labels);
      covered += lower <= truth && truth <= upper ? 1 : 0;
    }
    expect(covered / 400).toBeGreaterThan(0.92);
    expect(covered / 400).toBeLessThan(0.98);
  });

  it.each([
    ['one class only', [0.1, 0.2], [true, true], 'both classes'],
    ['lengths that differ', [0.1], [true, false], '1 scores for 2 labels'],
    ['a score that is NaN', [0.1, NaN], [true, false], 'score 1 is NaN'],
  ])('refuses %s', (_what, scores, labels, message) => {
    expect(() => rocAuc(scores, labels)).toThrow(message);
  });
});

describe('rocAucDifference', () => {
  it('spans the interval that DeLong defines for paired curves', () => {
    fc.assert(
      fc.property(examples, ({ first, second, labels }) => {
        const a = naive(first, labels);
        const b = naive(second, labels);
        const positives = a.positives.map((value, i) => value - b.positives[i]!);
        const negatives = a.negatives.map((value, i) => value - b.negatives[i]!);
        const error = Math.sqrt(
          variance(positives) / positives.length + variance(negatives) / negatives.length,
        );
        const estimate = rocAucDifference(first, second, labels);
        expect(estimate.value).toBeCloseTo(a.auc - b.auc, 12);
        expect(estimate.lower).toBeCloseTo(Math.max(-1, a.auc - b.auc - 1.959963984540054 * error), 10);
      }),
    );
  });

  it('is exactly zero, without width, between a score and itself', () => {
    fc.assert(
      fc.property(examples, ({ first, labels }) => {
        expect(rocAucDifference(first, first, labels)).toMatchObject({ value: 0, lower: 0, upper: 0 });
      }),
    );
  });
});

describe('brierScore, logLoss and calibrationInTheLarge', () => {
  it('are the means of their losses with the normal interval of the mean', () => {
    fc.assert(
      fc.property(examples, ({ first, labels }) => {
        const squares = first.map((p, i) => (p - Number(labels[i])) ** 2);
        const reach = 1.959963984540054 * Math.sqrt(variance(squares) / squares.length);
        const brier = brierScore(first, labels);
        expect(brier.value).toBeCloseTo(mean(squares), 12);
        expect(brier.upper).toBeCloseTo(Math.min(1, mean(squares) + reach), 10);
        const logs = first.map((p, i) => -Math.log(Math.max(2 ** -52, labels[i] ? p : 1 - p)));
        expect(logLoss(first, labels).value).toBeCloseTo(mean(logs), 10);
        const excess = first.map((p, i) => p - Number(labels[i]));
        const inTheLarge = calibrationInTheLarge(first, labels);
        expect(inTheLarge.value).toBeCloseTo(mean(first) - mean(labels.map(Number)), 12);
        expect(inTheLarge.lower).toBeCloseTo(
          Math.max(-1, mean(excess) - 1.959963984540054 * Math.sqrt(variance(excess) / excess.length)),
          10,
        );
      }),
    );
  });

  it('refuse what is no probability', () => {
    expect(() => brierScore([0.2, 1.5], [true, false])).toThrow('probability 1 is 1.5');
    expect(() => logLoss([NaN], [true])).toThrow('probability 0 is NaN');
    expect(() => logLoss([], [])).toThrow('0 probabilities for 0 labels');
  });
});

describe('calibrationBins', () => {
  it('splits every example into ascending bins that never part equal scores', () => {
    fc.assert(
      fc.property(examples, fc.integer({ min: 1, max: 12 }), ({ first, labels }, binCount) => {
        const bins = calibrationBins(first, labels, binCount);
        expect(bins.length).toBeLessThanOrEqual(binCount);
        expect(bins.reduce((sum, { n }) => sum + n, 0)).toBe(first.length);
        const scores = bins.map(({ meanScore }) => meanScore);
        expect(scores).toEqual(scores.toSorted((a, b) => a - b));
        const positives = bins.reduce((sum, { observed, n }) => sum + observed * n, 0);
        expect(positives).toBeCloseTo(labels.filter(Boolean).length, 9);
      }),
    );
  });

  it('gives the same table whatever the order of the examples', () => {
    fc.assert(
      fc.property(examples, ({ first, labels }) => {
        const reversed = calibrationBins(first.toReversed(), labels.toReversed(), 4);
        for (const [i, bin] of calibrationBins(first, labels, 4).entries()) {
          expect(reversed[i]!.n).toBe(bin.n);
          expect(reversed[i]!.observed).toBeCloseTo(bin.observed, 12);
        }
      }),
    );
  });
});
