/** Sizes per dimension, outermost first. In a signature −1 stands for a dimension of any size. */
export type Shape = readonly number[];

/**
 * The number of elements of a tensor of this shape; 1 for a scalar (`[]`).
 * NaN where a dimension is negative or no integer, or where the product is beyond 2^53 − 1.
 */
export function elementCount(shape: Shape): number {
  let count = 1;
  for (const dimension of shape) {
    if (!(dimension >= 0) || !Number.isInteger(dimension)) return NaN;
    count *= dimension;
    if (count > Number.MAX_SAFE_INTEGER) return NaN;
  }
  return count;
}

/** True when `actual` has the rank of `expected` and equals it wherever `expected` is not −1. */
export function shapeFits(expected: Shape, actual: Shape): boolean {
  if (expected.length !== actual.length) return false;
  for (let axis = 0; axis < expected.length; axis++) {
    if (expected[axis] !== -1 && expected[axis] !== actual[axis]) return false;
  }
  return true;
}

/** A shape as people write it: `[-1,32]`; of an absurd rank only the beginning. */
export function formatShape(shape: Shape): string {
  return shape.length <= 16
    ? `[${shape.join(',')}]`
    : `[${shape.slice(0, 16).join(',')},… rank ${shape.length}]`;
}
