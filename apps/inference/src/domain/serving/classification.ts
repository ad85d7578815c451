import { encodeBytesElements, type Datatype, type Shape } from '@plumbline/tensors';
import { formatFixed } from './format-fixed.ts';
import type { BatchOutput } from '../runners/runner.ts';

/** How an output becomes classes. */
export interface Classification {
  /** Classes asked for per row; more than there are mean all. */
  readonly classes: number;
  /** Whether the leading dimension counts rows; otherwise all elements are classes of one. */
  readonly rowed: boolean;
  /** By class; a class beyond them has none. */
  readonly labels: readonly string[];
}

type Scores = ArrayLike<number | bigint>;

/** Numbers that this language has; not BOOL, FP16, BF16 and BYTES. */
const ARRAYS: Readonly<Partial<Record<Datatype, new (buffer: ArrayBuffer) => Scores>>> = {
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP32: Float32Array,
  FP64: Float64Array,
};

/** Whether elements of the datatype can be ordered. */
export function isClassifiable(datatype: Datatype): boolean {
  return ARRAYS[datatype] !== undefined;
}

/**
 * The greatest elements of each row as BYTES "value:index" or "value:index:label", from the greatest down; equal ones
 * in the order of their index, NaN last. Shape: [rows, classes], or [classes] without rows.
 * @throws TypeError for a datatype that is not isClassifiable.
 */
export function classify(
  output: BatchOutput,
  datatype: Datatype,
  classification: Classification,
): BatchOutput {
  const scores = scoresOf(output, datatype);
  const { rowed, labels } = classification;
  const rows = rowed ? (output.shape[0] ?? 1) : 1;
  const width = rows === 0 ? 0 : scores.length / rows;
  const count = Math.min(classification.classes, width);
  const format = datatype === 'FP32' || datatype === 'FP64' ? formatFixed : String;
  const elements: Buffer[] = [];
  for (let start = 0; start < scores.length; start += width) {
    for (const place of greatest(scores, start, start + width, count)) {
      const entry = `${format(scores[place] as number)}:${place - start}`;
      const label = labels[place - start];
      elements.push(Buffer.from(label === undefined ? entry : `${entry}:${label}`));
    }
  }
  const shape: Shape = rowed ? [rows, count] : [count];
  return { shape, raw: encodeBytesElements(elements) };
}

/** Aligned, which the elements in a batch's buffer need not be. */
function scoresOf({ raw }: BatchOutput, datatype: Datatype): Scores {
  const array = ARRAYS[datatype];
  if (array === undefined) throw new TypeError(`${datatype} cannot be sorted into classes`);
  return new array(Uint8Array.from(raw).buffer);
}

/** Fewer than these are sorted at once. */
const FEW = 64;

/**
 * Places of the `count` greatest in [start, end), from the greatest down. Candidates are sorted and cut whenever they
 * have become twice too many, and from then on hold what beats the last of them alone: of a million, few are sorted.
 */
function greatest(scores: Scores, start: number, end: number, count: number): number[] {
  const before = (left: number, right: number): number =>
    compare(scores[right], scores[left]) || left - right;
  const candidates: number[] = [];
  let last: number | undefined;
  for (let place = start; place < end; place++) {
    if (last !== undefined && before(last, place) < 0) continue;
    if (candidates.push(place) < FEW + 2 * count) continue;
    candidates.sort(before).length = count;
    last = candidates.at(-1);
  }
  return candidates.sort(before).slice(0, count);
}

/** NaN is less than everything. */
function compare(left: number | bigint | undefined, right: number | bigint | undefined): number {
  if (left === undefined || right === undefined) return 0;
  if (Number.isNaN(left) || Number.isNaN(right)) {
    return Number(Number.isNaN(right)) - Number(Number.isNaN(left));
  }
  return left < right ? -1 : Number(left > right);
}
