import { columnOf, type LabelledMatrix } from './matrix.ts';
import type { Random } from './random.ts';

/** Values from which a column's edges are taken; more change no quantile of 255 noticeably. */
const SAMPLE_SIZE = 200_000;

/** Every value of every feature as its bin, kept both ways: summing walks rows, splitting columns. */
export interface BinnedMatrix {
  readonly rowCount: number;
  readonly columnCount: number;
  /**
   * Bins are numbered through all features: those of feature f are `offsets[f]` up to, not including,
   * `offsets[f + 1]`, and the last of them holds its missing values (NaN).
   */
  readonly offsets: Uint32Array;
  /** Row-major, numbered through all features. */
  readonly bins: Uint16Array | Uint32Array;
  /** Per feature, numbered from 0 within it. */
  readonly columns: readonly Uint8Array[];
}

/**
 * Upper edges of one column's bins, ascending: bin b holds the values v with `edges[b-1] < v <= edges[b]`, all in
 * float32, so `v <= edges[b]` splits a row alike here and in an ONNX runtime. The last edge is +Infinity.
 */
export type BinEdges = Float32Array;

/** Quantile edges from the column's distinct values, at most `maxBins` (≤ 255) of them. */
export function quantileEdges(values: Float32Array, maxBins: number, random: Random): BinEdges {
  const sorted = sample(values, random).sort();
  const distinct = distinctOf(sorted);
  const edges = distinct.length <= maxBins ? distinct : quantilesOf(sorted, maxBins);
  return Float32Array.from([...edges.slice(0, -1), Infinity]);
}

function sample(values: Float32Array, random: Random): Float32Array {
  const rate = SAMPLE_SIZE / values.length;
  return values.filter((value) => !Number.isNaN(value) && (rate >= 1 || random() < rate));
}

function distinctOf(sorted: Float32Array): Float32Array {
  return sorted.filter((value, index) => index === 0 || value !== sorted[index - 1]);
}

function quantilesOf(sorted: Float32Array, count: number): Float32Array {
  const edges = new Float32Array(count);
  for (let bin = 0; bin < count; bin += 1) {
    edges[bin] = sorted[Math.ceil(((bin + 1) * sorted.length) / count) - 1]!;
  }
  return distinctOf(edges);
}

/** Index of the bin that holds `value`; NaN has the one behind the last edge. */
export function binOf(value: number, edges: BinEdges): number {
  if (Number.isNaN(value)) return edges.length;
  let low = 0;
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (value <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The edges of every column of a training matrix. */
export function edgesOf(matrix: LabelledMatrix, maxBins: number, random: Random): readonly BinEdges[] {
  return matrix.columns.map((_, column) => quantileEdges(columnOf(matrix, column), maxBins, random));
}

export function binMatrix(matrix: LabelledMatrix, edges: readonly BinEdges[]): BinnedMatrix {
  const { rowCount, values } = matrix;
  const columnCount = edges.length;
  const offsets = offsetsOf(edges);
  const BinNumbers = offsets.at(-1)! <= 2 ** 16 ? Uint16Array : Uint32Array;
  const bins = new BinNumbers(rowCount * columnCount);
  const columns = edges.map(() => new Uint8Array(rowCount));
  for (const [column, columnEdges] of edges.entries()) {
    const binned = columns[column]!;
    const offset = offsets[column]!;
    for (let row = 0; row < rowCount; row += 1) {
      const index = row * columnCount + column;
      const bin = binOf(values[index]!, columnEdges);
      binned[row] = bin;
      bins[index] = offset + bin;
    }
  }
  return { rowCount, columnCount, offsets, bins, columns };
}

function offsetsOf(edges: readonly BinEdges[]): Uint32Array {
  const offsets = new Uint32Array(edges.length + 1);
  for (const [column, { length }] of edges.entries()) offsets[column + 1] = offsets[column]! + length + 1;
  return offsets;
}
