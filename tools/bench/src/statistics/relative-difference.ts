/**
 * The largest difference between elements that belong together, over the largest magnitude that is expected: 0 where all
 * are equal. Infinity where there are not as many as expected, none, or one that is no finite number.
 */
export function relativeDifference(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length || expected.length === 0) return Infinity;
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const difference = actual.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - (expected[index] as number))),
    0,
  );
  if (difference === 0) return 0;
  const relative = difference / largest;
  return Number.isNaN(relative) ? Infinity : relative;
}
