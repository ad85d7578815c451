import { errors } from '../errors.ts';
import type { BatchOutput } from '../runners/runner.ts';

/** The answer to some rows of a request that was split. */
export interface AnswerPart {
  readonly fromRow: number;
  readonly outputs: readonly BatchOutput[];
}

/**
 * Puts the parts of an answer together, in whatever order they came.
 * @param rows of all parts.
 * @throws ServiceError OUTPUT_ROWS_MISMATCH where parts differ in more than their rows, as outputs whose width depends
 * on the values do.
 */
export function joinParts(parts: readonly AnswerPart[], rows: number): BatchOutput[] {
  const ordered = parts.toSorted((left, right) => left.fromRow - right.fromRow);
  const first = ordered[0]?.outputs ?? [];
  return first.map(({ shape }, index) => {
    const pieces = ordered.map(({ outputs }) => outputs[index] as BatchOutput);
    if (pieces.some((piece) => !sameWidth(piece.shape, shape))) {
      throw errors.OUTPUT_ROWS_MISMATCH(
        'rows that ran in different batches have answers of different shapes',
      );
    }
    return { shape: [rows, ...shape.slice(1)], raw: Buffer.concat(pieces.map(({ raw }) => raw)) };
  });
}

function sameWidth(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.slice(1).every((size, axis) => size === right[axis + 1]);
}
