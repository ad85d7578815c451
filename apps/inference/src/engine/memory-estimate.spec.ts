import { describe, expect, it } from '@jest/globals';
import { memoryEstimate } from './memory-estimate.ts';

const MIB = 2 ** 20;

describe('memoryEstimate', () => {
  it('is what the process grew by, where that is more than the model explains', () => {
    expect(memoryEstimate(100 * MIB, 300 * MIB)).toBe(300 * MIB);
  });

  it('counts the weights and the thread where freed memory hides what was taken', () => {
    expect(memoryEstimate(100 * MIB, -30 * MIB)).toBe(149 * MIB);
    expect(memoryEstimate(3, 0)).toBeGreaterThan(20 * MIB);
  });

  it('does not charge a model with what its neighbours took meanwhile', () => {
    expect(memoryEstimate(100 * MIB, 5000 * MIB)).toBe(3 * 149 * MIB);
  });

  it('is a whole number of bytes', () => {
    expect(Number.isSafeInteger(memoryEstimate(1001, 0))).toBe(true);
  });
});
