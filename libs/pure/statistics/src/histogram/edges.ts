/** Edges of one column: finite float32 values in strictly ascending order, frozen when the model is registered. */
export type FrozenEdges = readonly number[];

export const MAX_EDGES = 128;

/**
 * Chooses at most `maxEdges` edges from the finite reference values. The first lies just below the smallest value
 * and the last on the largest, so both tail bins are empty in the reference and count what is out of its range.
 * Columns with few distinct values get one bin per value; others get quantile edges (inverse empirical CDF, no
 * interpolation), duplicates collapsed. No finite value gives no edges: one bin then holds everything.
 */
export function freezeEdges(values: ArrayLike<number | null>, maxEdges: number = MAX_EDGES): FrozenEdges {
  return freeze(values, maxEdges).edges;
}

export interface Frozen {
  readonly edges: FrozenEdges;
  /** Whether the column takes few values, each of them often, so that a new value is news and no chance extreme. */
  readonly discrete: boolean;
}

/** {@link freezeEdges}, and what the values were like. */
export function freeze(values: ArrayLike<number | null>, maxEdges: number = MAX_EDGES): Frozen {
  const sorted = sortedFinite(values);
  const smallest = sorted[0];
  if (smallest === undefined) return { edges: [], discrete: false };
  const distinct = distinctUpTo(sorted, maxEdges - 1);
  return {
    edges: [nextBelow(smallest), ...(distinct ?? quantiles(sorted, maxEdges - 1))],
    discrete: distinct !== undefined && sorted.length >= 10 * distinct.length,
  };
}

/**
 * The float32 neighbour of a value. Training sets and prediction records may hold the same number in different
 * precision; both are binned as the float32 that the model sees.
 */
export const toBinned: (value: number) => number = Math.fround;

function sortedFinite(values: ArrayLike<number | null>): Float32Array {
  const finite = new Float32Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    const value = toBinned(values[i] ?? NaN);
    if (Number.isFinite(value)) finite[n++] = value;
  }
  return finite.subarray(0, n).sort();
}

function distinctUpTo(sorted: Float32Array, limit: number): number[] | undefined {
  const distinct: number[] = [];
  for (const value of sorted) {
    if (value === distinct.at(-1)) continue;
    if (distinct.length === limit) return undefined;
    distinct.push(value + 0);
  }
  return distinct;
}

function quantiles(sorted: Float32Array, parts: number): number[] {
  const edges = new Set<number>();
  for (let part = 1; part <= parts; part++) {
    edges.add((sorted[Math.ceil((part * sorted.length) / parts) - 1] ?? NaN) + 0);
  }
  return [...edges];
}

/** The largest float32 below `value`. */
function nextBelow(value: number): number {
  const floats = new Float32Array([value]);
  const bits = new Int32Array(floats.buffer);
  const pattern = bits[0] ?? 0;
  if (value === 0) bits[0] = -0x7fffffff;
  else bits[0] = value > 0 ? pattern - 1 : pattern + 1;
  return floats[0] ?? NaN;
}
