import { errors } from '../errors.ts';
import { RowStarts } from '../row-starts.ts';
import type { BatchOutput } from '../runners/runner.ts';
import type { ModelSignature } from '../signature.ts';

/** The outputs of one batch, cut by rows. */
export class OutputRows {
  readonly #outputs: readonly BatchOutput[];
  readonly #starts: readonly RowStarts[];

  /**
   * @param rows that were sent.
   * @throws ServiceError OUTPUT_ROWS_MISMATCH where an output has another number of rows: then nothing says whose row
   * is whose.
   */
  constructor({ outputs: specs }: ModelSignature, outputs: readonly BatchOutput[], rows: number) {
    this.#outputs = outputs;
    this.#starts = outputs.map(({ shape, raw }, index) => {
      const { name = '', datatype = 'UINT8' } = specs[index] ?? {};
      const starts = shape[0] === rows ? RowStarts.of(datatype, shape, raw) : undefined;
      if (starts !== undefined) return starts;
      throw errors.OUTPUT_ROWS_MISMATCH(
        `"${name}" has ${shape[0]} rows for ${rows}, or not the bytes of its shape`,
      );
    });
  }

  /** Rows `fromRow` … `fromRow + rows` of an output, as a view. */
  cut(output: number, fromRow: number, rows: number): BatchOutput {
    const { shape, raw } = this.#outputs[output] as BatchOutput;
    if (rows === shape[0]) return { shape, raw };
    const starts = this.#starts[output] as RowStarts;
    return {
      shape: [rows, ...shape.slice(1)],
      raw: raw.subarray(starts.at(fromRow), starts.at(fromRow + rows)),
    };
  }
}
