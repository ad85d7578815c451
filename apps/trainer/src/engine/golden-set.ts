import { create, toBinary } from '@bufbuild/protobuf';
import { GoldenSetSchema } from '@plumbline/contract-registry';
import { encodeElements, type Datatype } from '@plumbline/tensors';
import { PROBABILITY } from '../domain/artifact/forest-model.ts';
import type { LabelledMatrix } from '../domain/boosting/matrix.ts';
import type { InputPlan } from '../domain/training/engine.ts';
import { gatherColumn } from './model-session.ts';

/** Rows in the golden case. */
export const GOLDEN_ROWS = 64;
/** Other processors may round the exponential otherwise, by a float32 step or two. */
const ABSOLUTE_TOLERANCE = 1e-6;

/** At most `most` evenly spaced rows of `rowCount`, the first and the last among them. */
export function spacedRows(rowCount: number, most: number): Uint32Array {
  const count = Math.min(most, rowCount);
  const step = count > 1 ? (rowCount - 1) / (count - 1) : 0;
  return Uint32Array.from({ length: count }, (_, index) => Math.round(index * step));
}

/** golden.pb: the rows as one case of shape [n, 1] per input, and the scores that the exported model gave. */
export function goldenSet(
  matrix: LabelledMatrix,
  inputs: readonly InputPlan[],
  rows: Uint32Array,
  scores: Float32Array,
): Uint8Array {
  const shape = [BigInt(rows.length), 1n];
  const tensor = (name: string, datatype: Datatype, values: Float32Array) => ({
    name,
    datatype,
    shape,
    data: encodeElements(
      datatype,
      Array.from(values, (value) => (datatype === 'INT64' ? BigInt(value) : value)),
    ),
  });
  const golden = create(GoldenSetSchema, {
    absoluteTolerance: ABSOLUTE_TOLERANCE,
    cases: [
      {
        inputs: inputs.map(({ name, datatype }, column) =>
          tensor(name, datatype, gatherColumn(matrix, column, rows)),
        ),
        outputs: [tensor(PROBABILITY.name, 'FP32', scores)],
      },
    ],
  });
  return toBinary(GoldenSetSchema, golden);
}
