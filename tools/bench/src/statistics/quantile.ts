/** The values in ascending order, as a new array. */
export function ascending(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/**
 * The smallest of `sorted` (ascending) that at least the share `q` of the values do not exceed: the nearest rank, never
 * an interpolated value that nobody has seen. `q` in (0, 1]. Throws a RangeError for no values or another `q`.
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (!(q > 0 && q <= 1)) throw new RangeError(`a quantile lies in (0, 1], not at ${q}`);
  if (sorted.length === 0) throw new RangeError('no values, no quantile');
  // Rounded before the ceiling, because 0.07 · 100 is 7.000000000000001 and its rank 7.
  const rank = Math.ceil(Number((q * sorted.length).toPrecision(12)));
  return sorted[Math.max(rank, 1) - 1] as number;
}

/** The middle value, or the mean of the two middle ones. Throws a RangeError for no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values, no median');
  const sorted = ascending(values);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : mean(sorted[middle - 1] as number, upper);
}

/** Also of two whose sum is no finite number. */
function mean(left: number, right: number): number {
  const sum = left + right;
  return Number.isFinite(sum) ? sum / 2 : left / 2 + right / 2;
}
