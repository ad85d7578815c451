/**
 * Features of many rows, row-major: `values[row * columns.length + column]`, float32, NaN where a feature has no
 * value. `labels[row]` is 1 for the positive class and 0 for the other.
 */
export interface LabelledMatrix {
  readonly columns: readonly string[];
  readonly rowCount: number;
  readonly values: Float32Array;
  readonly labels: Uint8Array;
}

/** One column's values in row order. */
export function columnOf(matrix: LabelledMatrix, column: number): Float32Array {
  const width = matrix.columns.length;
  const values = new Float32Array(matrix.rowCount);
  for (let row = 0; row < matrix.rowCount; row += 1) values[row] = matrix.values[row * width + column]!;
  return values;
}
