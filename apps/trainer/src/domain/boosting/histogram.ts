import { BIN_COUNT, type BinnedMatrix } from './bins.ts';

/** Sums over the rows of one leaf, per (feature, bin): gradient, then hessian. */
export type Histogram = Float64Array;
/** Slots per bin. */
export const STRIDE = 2;
export const FEATURE_STRIDE = BIN_COUNT * STRIDE;

/** First and second derivatives of the loss by the score, one per row. */
export interface Derivatives {
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

export function newHistogram(columnCount: number): Histogram {
  return new Float64Array(columnCount * FEATURE_STRIDE);
}

/** Fills `histogram` with the sums over `rows`. The hot loop of fitting: one pass over row-major bins. */
export function fillHistogram(
  histogram: Histogram,
  matrix: BinnedMatrix,
  rows: Uint32Array,
  { gradient, hessian }: Derivatives,
): void {
  const { bins, columnCount } = matrix;
  histogram.fill(0);
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    const g = gradient[row]!;
    const h = hessian[row]!;
    const offset = row * columnCount;
    for (let column = 0; column < columnCount; column += 1) {
      const slot = (column * BIN_COUNT + bins[offset + column]!) * STRIDE;
      histogram[slot]! += g;
      histogram[slot + 1]! += h;
    }
  }
}

/** The larger sibling's sums are the parent's less the smaller one's: half the rows are never visited. */
export function subtractHistogram(parent: Histogram, smaller: Histogram): Histogram {
  for (let slot = 0; slot < parent.length; slot += 1) parent[slot]! -= smaller[slot]!;
  return parent;
}
