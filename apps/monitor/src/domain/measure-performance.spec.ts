import { describe, expect, it } from '@jest/globals';
import { measurePerformance, qualityOf, type PerformanceStore } from './measure-performance.ts';
import { monitoredVersion } from './monitored-version.ts';

// monitoring.md's example, computed with scikit-learn.
const scores = [0.9, 0.8, 0.7, 0.55, 0.4, 0.3, 0.2, 0.1];
const labels = [1, 1, 0, 1, 0, 1, 0, 0];
const query = { model: 'm', digest: undefined, variant: undefined, fromUs: 0n, toUs: 9n };
const versions = { get: async () => monitoredVersion('v1', undefined, []) };

describe('performance', () => {
  it('agrees with scikit-learn', () => {
    const { live, positives } = qualityOf({ predictions: 9, scores, labels, medianDelayUs: 5n });
    const valueOf = (name: string) => live.find((metric) => metric.name === name)?.value;
    expect(valueOf('roc_auc')).toBe(0.8125);
    expect(valueOf('brier')).toBeCloseTo(0.1803125, 12);
    expect(valueOf('log_loss')).toBeCloseTo(0.5217020459, 10);
    expect(positives).toBe(4);
  });

  it('leaves out what one class or one example cannot tell', () => {
    const one = qualityOf({ predictions: 1, scores: [0.4], labels: [1], medianDelayUs: 0n });
    expect(one.live).toEqual([]);
    expect(one.calibration).toHaveLength(1);
    const none = qualityOf({ predictions: 3, scores: [], labels: [], medianDelayUs: 0n });
    expect(none).toMatchObject({ predictions: 3, labelled: 0, live: [], calibration: [] });
  });

  it('refuses ranges with too many labels before reading them', async () => {
    const store: PerformanceStore = {
      count: async () => ({ predictions: 3_000_000, labelled: 2_000_001 }),
      read: async () => {
        throw new Error('must not be read');
      },
    };
    await expect(measurePerformance(store, versions, 't', query)).rejects.toMatchObject({
      reason: 'RANGE_TOO_LARGE',
    });
  });
});
