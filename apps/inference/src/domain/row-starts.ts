import { elementCount, type Datatype, type Shape } from '@plumbline/tensors';

/** Where the rows of a raw tensor begin. */
export class RowStarts {
  readonly rows: number;
  readonly #rowBytes: number;
  readonly #starts: Uint32Array | undefined;

  private constructor(rows: number, rowBytes: number, starts: Uint32Array | undefined) {
    this.rows = rows;
    this.#rowBytes = rowBytes;
    this.#starts = starts;
  }

  /**
   * Of a tensor whose leading dimension counts rows, or whose rows are `rows`. Rows of BYTES have lengths of their own.
   * Undefined where the bytes do not hold what the shape says.
   */
  static of(datatype: Datatype, shape: Shape, raw: Uint8Array, rows = shape[0] ?? 0): RowStarts | undefined {
    if (datatype !== 'BYTES') return new RowStarts(rows, raw.length / rows, undefined);
    const starts = textRows(raw, rows, elementCount(shape) / rows);
    return starts && new RowStarts(rows, 0, starts);
  }

  /** Offset of the row's first byte; of the tensor's end for the row after the last. */
  at(row: number): number {
    return this.#starts === undefined ? row * this.#rowBytes : (this.#starts[row] ?? 0);
  }
}

function textRows(raw: Uint8Array, rows: number, elementsPerRow: number): Uint32Array | undefined {
  const lengths = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const starts = new Uint32Array(rows + 1);
  let at = 0;
  for (let row = 0; row < rows; row++) {
    starts[row] = at;
    for (let element = 0; element < elementsPerRow; element++) {
      if (at + 4 > raw.length) return undefined;
      at += 4 + lengths.getUint32(at, true);
    }
    if (at > raw.length) return undefined;
  }
  starts[rows] = at;
  return at === raw.length ? starts : undefined;
}
