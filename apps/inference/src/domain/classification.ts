import { decodeElements, encodeBytesElements, type Datatype, type Shape } from '@plumbline/tensors';
import { formatFixed } from './format-fixed.ts';
import type { BatchOutput } from './runner.ts';

/** How an output becomes classes. */
export interface Classification {
  /** Classes asked for per row; more than there are mean all. */
  readonly classes: number;
  /** Whether the leading dimension counts rows; otherwise all elements are classes of one. */
  readonly rowed: boolean;
  /** By class; a class beyond them has none. */
  readonly labels: readonly string[];
}

const CLASSIFIABLE: ReadonlySet<Datatype> = new Set<Datatype>([
  ...(['UINT8', 'UINT16', 'UINT32', 'UINT64'] as const),
  ...(['INT8', 'INT16', 'INT32', 'INT64', 'FP32', 'FP64'] as const),
]);

/** Numbers that this language has; not BOOL, FP16, BF16 and BYTES. */
export function isClassifiable(datatype: Datatype): boolean {
  return CLASSIFIABLE.has(datatype);
}

/**
 * The greatest elements of each row as BYTES "value:index" or "value:index:label", from the greatest down; equal ones
 * in the order of their index, NaN last. Shape: [rows, classes], or [classes] without rows.
 * @param datatype one that isClassifiable.
 */
export function classify(
  output: BatchOutput,
  datatype: Datatype,
  classification: Classification,
): BatchOutput {
  const values = decodeElements(datatype, output.raw) as (number | bigint)[];
  const { rowed, labels } = classification;
  const rows = rowed ? (output.shape[0] ?? 1) : 1;
  const width = rows === 0 ? 0 : values.length / rows;
  const count = Math.min(classification.classes, width);
  const format = datatype === 'FP32' || datatype === 'FP64' ? formatFixed : String;
  const elements: Buffer[] = [];
  for (let row = 0; row < rows; row++) {
    const scores = values.slice(row * width, (row + 1) * width);
    for (const index of greatest(scores, count)) {
      const label = labels[index];
      const entry = `${format(scores[index] as number)}:${index}`;
      elements.push(Buffer.from(label === undefined ? entry : `${entry}:${label}`));
    }
  }
  const shape: Shape = rowed ? [rows, count] : [count];
  return { shape, raw: encodeBytesElements(elements) };
}

/** Indexes of the greatest, from the greatest down. */
function greatest(scores: readonly (number | bigint)[], count: number): number[] {
  const indexes = scores.map((_, index) => index);
  indexes.sort((left, right) => compare(scores[right], scores[left]) || left - right);
  return indexes.slice(0, count);
}

/** NaN is less than everything. */
function compare(left: number | bigint | undefined, right: number | bigint | undefined): number {
  if (left === undefined || right === undefined) return 0;
  if (Number.isNaN(left) || Number.isNaN(right))
    return Number(Number.isNaN(right)) - Number(Number.isNaN(left));
  return left < right ? -1 : Number(left > right);
}
