import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../statistics/random.ts';
import { inputValues } from './input-values.ts';

describe('the values of an input', () => {
  it('are floats from -1 to 1 without a vocabulary', () => {
    const values = inputValues({ features: 100 }, 10, seededRandom(1)) as Float32Array;
    expect(values).toHaveLength(1_000);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...values)).toBeLessThan(1);
  });

  it('are the tokens of a vocabulary, all of them', () => {
    const values = inputValues({ features: 100, vocabulary: 4 }, 10, seededRandom(1)) as BigInt64Array;
    expect(values).toHaveLength(1_000);
    expect(new Set(values)).toEqual(new Set([0n, 1n, 2n, 3n]));
  });
});
