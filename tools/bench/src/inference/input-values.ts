import { uniformFloats, type Random } from '../statistics/random.ts';

/** What one row of a model's input x holds. */
export interface RowShape {
  /** Numbers of a row. */
  readonly features: number;
  /** x is INT64, tokens below this; absent: x is FP32. */
  readonly vocabulary?: number | undefined;
}

/** Random rows, row-major: tokens below the vocabulary, or floats uniform in [-1, 1). */
export function inputValues(
  { features, vocabulary }: RowShape,
  rows: number,
  random: Random,
): Float32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer> {
  const count = rows * features;
  if (vocabulary === undefined) return uniformFloats(count, 1, random);
  return BigInt64Array.from({ length: count }, () => BigInt(Math.floor(random() * vocabulary)));
}
