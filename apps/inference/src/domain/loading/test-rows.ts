import { setImmediate as nextTurn } from 'node:timers/promises';
import { elementCount, elementSizeBytes, encodeBytesElements, type Datatype } from '@plumbline/tensors';
import { checkBatchBytes } from '../runners/batch-buffer.ts';
import { goldenInputs, type GoldenSet } from './golden.ts';
import { madeNumbers, smallNumber } from './made-numbers.ts';
import { TURN_BYTES, type ProbeInputs } from '../runners/probe.ts';
import { RowStarts } from '../row-starts.ts';
import type { ModelSignature, TensorSpec } from '../signature.ts';

/** Distinct rows that are compared; more add run time at load and little certainty. */
const TEST_ROWS = 16;
/** Of all made-up rows together, unless two are longer. */
const MADE_UP_BYTES = 4 * 2 ** 20;
/** Elements of a made-up tensor that are drawn; longer ones repeat them. A prime, so that hardly a shape falls in step. */
const DISTINCT_ELEMENTS = 16_381;
/** Texts that are categories as well as numbers, of several lengths. */
const TEXTS = ['0', '1', '2', '17', '365', '1024', '86400', '-1'].map((text) => Buffer.from(text));
/** With its length. */
const LONGEST_TEXT_BYTES = 4 + Math.max(...TEXTS.map(({ length }) => length));

/** The rows of the golden set that have the shapes of its first; at most 16. */
export function goldenRows(signature: ModelSignature, golden: GoldenSet | undefined): ProbeInputs[] {
  const rows = (golden?.cases ?? []).flatMap(({ inputs }, index) =>
    splitRows(signature, goldenInputs(signature, inputs, true, index)),
  );
  const shapes = JSON.stringify(rows[0]?.shapes);
  return rows.filter((row) => JSON.stringify(row.shapes) === shapes).slice(0, TEST_ROWS);
}

/** Sizes that open dimensions besides the first are tried at, where no known row says theirs. */
export const MADE_UP_WIDTHS = [8, 16] as const;

/** Shapes of one row that rows are made up in: several where a dimension besides the first is open. */
export function madeUpShapes(signature: ModelSignature): ProbeInputs['shapes'][] {
  const isOpen = signature.inputs.some(({ shape }) => shape.slice(1).includes(-1));
  return (isOpen ? MADE_UP_WIDTHS : [1]).map((width) => rowShapes(signature, width));
}

/**
 * Made-up rows, the same at every load: fewer where they are long, and every turn of the loop makes one. In every other
 * row, if `mixed`, magnitudes go from 0.01 to 10 000: they reach the thresholds of trees; the others are small.
 * @param shapes of one row.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export async function madeUpRows(
  { inputs }: ModelSignature,
  shapes: readonly (readonly number[])[],
  mixed: boolean,
): Promise<ProbeInputs[]> {
  const rowBytes = madeUpBytes(inputs, shapes);
  checkBatchBytes(2 * rowBytes);
  const count = Math.min(TEST_ROWS, Math.max(2, Math.floor(MADE_UP_BYTES / rowBytes)));
  const next = madeNumbers();
  const rows: ProbeInputs[] = [];
  for (let row = 0; row < count; row++) {
    const valueOf = mixed && row % 2 === 1 ? mixedValue : smallNumber;
    const raw = inputs.map((spec, index) =>
      madeUp(spec, elementCount(shapes[index] ?? []), () => valueOf(next)),
    );
    rows.push({ shapes, raw });
    await nextTurn();
  }
  return rows;
}

/**
 * Made-up small inputs of a model without rows, the same at every load.
 * @param width of every open dimension.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export function madeUpInputs({ inputs }: ModelSignature, width: number): ProbeInputs {
  const shapes = inputs.map(({ shape }) => shape.map((size) => (size === -1 ? width : size)));
  checkBatchBytes(madeUpBytes(inputs, shapes));
  const next = madeNumbers();
  const raw = inputs.map((spec, index) =>
    madeUp(spec, elementCount(shapes[index] ?? []), () => smallNumber(next)),
  );
  return { shapes, raw };
}

/** The shapes of one row, open dimensions being of this size. */
function rowShapes({ inputs }: ModelSignature, width: number): number[][] {
  return inputs.map(({ shape }) => [1, ...shape.slice(1).map((size) => (size === -1 ? width : size))]);
}

/**
 * One batch of these rows, which have equal shapes, gathered over as many turns of the loop as its size asks for.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export async function joinRows(rows: readonly ProbeInputs[]): Promise<ProbeInputs> {
  const [first] = rows;
  const raw: Uint8Array[] = [];
  for (const index of (first?.raw ?? []).keys()) {
    raw.push(await concatenate(rows.map((row) => row.raw[index] as Uint8Array)));
  }
  return { shapes: (first?.shapes ?? []).map((shape) => [rows.length, ...shape.slice(1)]), raw };
}

async function concatenate(pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0);
  checkBatchBytes(sizeBytes);
  const joined = new Uint8Array(sizeBytes);
  let at = 0;
  let turnBytes = 0;
  for (const piece of pieces) {
    if (turnBytes > TURN_BYTES) {
      await nextTurn();
      turnBytes = 0;
    }
    joined.set(piece, at);
    at += piece.length;
    turnBytes += piece.length;
  }
  return joined;
}

function splitRows({ inputs }: ModelSignature, { shapes, raw }: ProbeInputs): ProbeInputs[] {
  const starts = inputs.map(({ datatype }, index) =>
    RowStarts.of(datatype, shapes[index] ?? [], raw[index] as Uint8Array),
  );
  return Array.from({ length: shapes[0]?.[0] ?? 0 }, (_, row) => ({
    shapes: shapes.map((shape) => [1, ...shape.slice(1)]),
    raw: raw.map((bytes, index) => bytes.subarray(starts[index]?.at(row), starts[index]?.at(row + 1))),
  }));
}

/** Of made-up tensors of these shapes, at most. */
function madeUpBytes(inputs: readonly TensorSpec[], shapes: ProbeInputs['shapes']): number {
  const sizes = inputs.map(
    ({ datatype }, index) => elementCount(shapes[index] ?? []) * elementBytes(datatype),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function elementBytes(datatype: Datatype): number {
  return datatype === 'BYTES' ? LONGEST_TEXT_BYTES : elementSizeBytes(datatype);
}

function madeUp({ datatype }: TensorSpec, count: number, next: () => number): Uint8Array {
  const distinct = Math.min(count, DISTINCT_ELEMENTS);
  if (datatype === 'BYTES') return repeatedTexts(madeUpTexts(distinct, next), count);
  const size = elementSizeBytes(datatype);
  const raw = new Uint8Array(count * size);
  const view = new DataView(raw.buffer);
  for (let index = 0; index < distinct; index++) {
    const value = next();
    if (datatype === 'FP32') view.setFloat32(index * 4, value, true);
    else if (datatype === 'FP64') view.setFloat64(index * 8, value, true);
    else if (datatype === 'FP16') view.setFloat16(index * 2, value, true);
    // Integers and booleans: 0 or 1, which index even the smallest table.
    else view.setUint8(index * size, value < 0 ? 0 : 1);
  }
  for (let filled = distinct * size; filled < raw.length; filled *= 2) raw.copyWithin(filled, 0, filled);
  return raw;
}

function madeUpTexts(count: number, next: () => number): Buffer[] {
  return Array.from(
    { length: count },
    () => TEXTS[Math.floor(Math.abs(next() * 1e4)) % TEXTS.length] as Buffer,
  );
}

/** So many elements: the texts over and over. */
function repeatedTexts(texts: readonly Buffer[], count: number): Uint8Array {
  const all = encodeBytesElements(texts);
  if (texts.length === count) return all;
  const rest = encodeBytesElements(texts.slice(0, count % texts.length));
  return Buffer.alloc(Math.floor(count / texts.length) * all.length + rest.length, all);
}

function mixedValue(next: () => number): number {
  const magnitude = 10 ** (next() * 6 - 2);
  return next() < 0.5 ? -magnitude : magnitude;
}
