import { describe, expect, it } from '@jest/globals';
import { elementCount, shapeFits } from './shape.ts';

describe('elementCount', () => {
  it.each([
    [[], 1],
    [[0], 0],
    [[3, 4], 12],
    [[-1], NaN],
    [[1.5], NaN],
    [[2 ** 52, 4], NaN],
  ])('of %p is %p', (shape, count) => {
    expect(elementCount(shape)).toBe(count);
  });
});

describe('shapeFits', () => {
  it.each([
    [[-1, 32], [7, 32], true],
    [[-1, 32], [7, 31], false],
    [[-1, 32], [7], false],
    [[], [], true],
  ])('%p against %p is %p', (expected, actual, fits) => {
    expect(shapeFits(expected, actual)).toBe(fits);
  });
});
