import { toBinned, type FrozenEdges } from './edges.ts';

/**
 * Counts of one column as one row of non-negative integers, so that merging is addition, element by element:
 * associative, commutative and bit-identical in any order. Cells 0–3 count null, NaN, −Infinity and +Infinity;
 * cell 4 + i counts bin i. Bin 0 is (−∞, e₀], bin i is (eᵢ₋₁, eᵢ], the last is (e_last, +∞).
 */
export type Cells = readonly number[];

export const NULL_CELL = 0;
export const NAN_CELL = 1;
export const NEGATIVE_INFINITY_CELL = 2;
export const POSITIVE_INFINITY_CELL = 3;
export const FIRST_BIN_CELL = 4;

/** Number of cells for these edges. */
export function cellCount(edges: FrozenEdges): number {
  return FIRST_BIN_CELL + edges.length + 1;
}

export function emptyCells(edges: FrozenEdges): number[] {
  return new Array<number>(cellCount(edges)).fill(0);
}

/** The cell that counts `value`. */
export function cellOf(edges: FrozenEdges, value: number | null | undefined): number {
  if (value === null || value === undefined) return NULL_CELL;
  const binned = toBinned(value);
  if (Number.isNaN(binned)) return NAN_CELL;
  if (binned === -Infinity) return NEGATIVE_INFINITY_CELL;
  if (binned === Infinity) return POSITIVE_INFINITY_CELL;
  return FIRST_BIN_CELL + lowerBound(edges, binned);
}

/** Counts every value of a column. */
export function countCells(edges: FrozenEdges, values: ArrayLike<number | null>): number[] {
  const cells = emptyCells(edges);
  for (let i = 0; i < values.length; i++) increment(cells, cellOf(edges, values[i]));
  return cells;
}

export function increment(cells: number[], cell: number): void {
  cells[cell] = (cells[cell] ?? 0) + 1;
}

/** Adds histograms of the same edges. Throws a RangeError when their lengths differ: they cannot share edges. */
export function mergeCells(left: Cells, right: Cells): number[] {
  if (left.length !== right.length) {
    throw new RangeError(`histograms of ${left.length} and ${right.length} cells cannot be merged`);
  }
  return left.map((count, i) => count + (right[i] ?? 0));
}

export function total(cells: Cells): number {
  return cells.reduce((sum, count) => sum + count, 0);
}

/** Bin counts alone, tails included. */
export function bins(cells: Cells): readonly number[] {
  return cells.slice(FIRST_BIN_CELL);
}

/** Values that are no number: null and NaN, which models treat alike. */
export function missing(cells: Cells): number {
  return (cells[NULL_CELL] ?? 0) + (cells[NAN_CELL] ?? 0);
}

/** Values beyond the reference's smallest and largest, infinities included; all where the reference has none. */
export function outOfRange(cells: Cells): number {
  const below = cells[FIRST_BIN_CELL] ?? 0;
  const above = cells.length === FIRST_BIN_CELL + 1 ? 0 : (cells.at(-1) ?? 0);
  return infinite(cells) + below + above;
}

export function infinite(cells: Cells): number {
  return (cells[NEGATIVE_INFINITY_CELL] ?? 0) + (cells[POSITIVE_INFINITY_CELL] ?? 0);
}

/** Index of the first edge that is not below `value`. */
function lowerBound(edges: FrozenEdges, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((edges[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
