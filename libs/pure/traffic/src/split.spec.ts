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
  // Computed apart from this code: a bucket that changes would move live callers to another variant.
  it.each([
    ['salt', '1477911', 8_402],
    ['salt', 'ATL', 6_212],
    ['7d0c4f1e-58f3-4a0e-9f0a-2f7d4f6c3b11', 'ATL', 3_554],
    ['salt', 'Überwachung', 8_732],
    ['salt', '', 9_420],
    ['', 'a', 8_618],
  ])('puts, with the salt "%s", the key "%s" into bucket %d for ever', (salt, key, expected) => {
    expect(bucketOf(salt, key)).toBe(expected);
  });

  it.each([
    ['champion', 0],
    ['champion', 8_999],
    ['canary', 9_000],
    ['canary', 9_999],
  ])('gives the %s bucket %d where the canary has a tenth', (name, b) => {
    expect(variantOf(split(1_000), b)?.name).toBe(name);
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

  it('moves keys only to the variant whose weight was raised', () => {
    fc.assert(
      fc.property(bucket, weight, weight, (b, before, after) => {
        const [was, is] = [variantOf(split(before), b)?.name, variantOf(split(after), b)?.name];
        const raised = after > before ? 'canary' : 'champion';
        expect(is === was || is === raised).toBe(true);
      }),
    );
  });

  it('never takes a key away from any of several variants that grows at the first one’s cost', () => {
    const variants = (...weights: number[]) =>
      [FULL_WEIGHT_BP - weights.reduce((sum, bp) => sum + bp, 0), ...weights].map((weightBp, index) => ({
        ...{ name: `v${index}`, digest: `sha256:${index}`, weightBp },
      }));
    const third = fc.integer({ min: 0, max: FULL_WEIGHT_BP / 4 });
    fc.assert(
      fc.property(bucket, third, third, third, fc.constantFrom(1, 2), (b, one, two, more, grown) => {
        const after = grown === 1 ? variants(one + more, two) : variants(one, two + more);
        const was = variantOf(variants(one, two), b)?.name;
        if (was === `v${grown}`) expect(variantOf(after, b)?.name).toBe(was);
      }),
    );
  });
});
