import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bucketOf, FULL_WEIGHT_BP, variantOf } from './index.ts';

const split = (canaryBp: number) => [
  { name: 'champion', digest: 'sha256:a', weightBp: FULL_WEIGHT_BP - canaryBp },
  { name: 'canary', digest: 'sha256:b', weightBp: canaryBp },
];
const bucket = fc.integer({ min: 0, max: FULL_WEIGHT_BP - 1 });
const weight = fc.integer({ min: 0, max: FULL_WEIGHT_BP });

describe('a sticky split', () => {
  it('puts the same key of a route into the same bucket', () => {
    expect(bucketOf('salt', '1477911')).toBe(bucketOf('salt', '1477911'));
  });

  it('spreads keys evenly over the buckets', () => {
    const n = 20_000;
    const low = Array.from({ length: n }, (_, i) => bucketOf('salt', String(i))).filter(
      (b) => b < 1_000,
    ).length;
    // Binomial with p = 0.1: five standard deviations are 212.
    expect(Math.abs(low - n / 10)).toBeLessThan(212);
  });

  it('gives every variant exactly its weight of the buckets', () => {
    fc.assert(
      fc.property(weight, (canaryBp) => {
        const owned = Array.from({ length: FULL_WEIGHT_BP }, (_, b) => variantOf(split(canaryBp), b)?.name);
        expect(owned.filter((name) => name === 'canary')).toHaveLength(canaryBp);
      }),
      { numRuns: 20 },
    );
  });

  it('never takes a key away from a canary that grows', () => {
    fc.assert(
      fc.property(bucket, weight, weight, (b, one, two) => {
        const [small, large] = [Math.min(one, two), Math.max(one, two)];
        if (variantOf(split(small), b)?.name === 'canary')
          expect(variantOf(split(large), b)?.name).toBe('canary');
      }),
    );
  });
});
