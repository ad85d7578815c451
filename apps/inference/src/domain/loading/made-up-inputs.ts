import { setImmediate as nextTurn } from 'node:timers/promises';
import { elementCount, elementSizeBytes, encodeBytesElements, type Datatype } from '@plumbline/tensors';
import { checkBatchBytes } from '../runners/batch-buffer.ts';
import { madeNumbers, smallNumber } from './made-numbers.ts';
import { TURN_BYTES, type ProbeInputs } from '../runners/probe.ts';
import type { ModelSignature, TensorSpec } from '../signature.ts';

/** Distinct rows that are compared; more add run time at load and little certainty. */
export const TEST_ROWS = 16;
/** Of all made-up rows together, unless two are longer. */
const MADE_UP_BYTES = 4 * 2 ** 20;
/** Elements of a made-up tensor that are drawn; longer ones repeat them. A prime, so that hardly a shape falls in step. */
const DISTINCT_ELEMENTS = 16_381;
/** Texts that are categories as well as numbers, of several lengths. */
const TEXTS = ['0', '1', '2', '17', '365', '1024', '86400', '-1'].map((text) => Buffer.from(text));
/** With its length. */
const LONGEST_TEXT_BYTES = 4 + Math.max(...TEXTS.map(({ length }) => length));

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
    rows.push({ shapes, raw: await madeUpTensors(inputs, shapes, () => valueOf(next)) });
    await nextTurn();
  }
  return rows;
}

/**
 * Made-up small inputs of a model without rows, the same at every load.
 * @param width of every open dimension.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export async function madeUpInputs({ inputs }: ModelSignature, width: number): Promise<ProbeInputs> {
  const shapes = inputs.map(({ shape }) => shape.map((size) => (size === -1 ? width : size)));
  checkBatchBytes(madeUpBytes(inputs, shapes));
  const next = madeNumbers();
  return { shapes, raw: await madeUpTensors(inputs, shapes, () => smallNumber(next)) };
}

/** The shapes of one row, open dimensions being of this size. */
function rowShapes({ inputs }: ModelSignature, width: number): number[][] {
  return inputs.map(({ shape }) => [1, ...shape.slice(1).map((size) => (size === -1 ? width : size))]);
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

async function madeUpTensors(
  inputs: readonly TensorSpec[],
  shapes: ProbeInputs['shapes'],
  next: () => number,
): Promise<Uint8Array[]> {
  const raw: Uint8Array[] = [];
  for (const [index, { datatype }] of inputs.entries()) {
    const count = elementCount(shapes[index] ?? []);
    raw.push(await (datatype === 'BYTES' ? madeUpTexts(count, next) : madeUpNumbers(datatype, count, next)));
  }
  return raw;
}

function madeUpTexts(count: number, next: () => number): Promise<Uint8Array> {
  const distinct = Math.max(1, Math.min(count, DISTINCT_ELEMENTS));
  const texts = Array.from(
    { length: distinct },
    () => TEXTS[Math.floor(Math.abs(next() * 1e4)) % TEXTS.length] as Buffer,
  );
  const block = encodeBytesElements(texts);
  const rest = encodeBytesElements(texts.slice(0, count % distinct));
  return repeated(block, Math.floor(count / distinct) * block.length + rest.length);
}

function madeUpNumbers(datatype: Datatype, count: number, next: () => number): Promise<Uint8Array> {
  const size = elementSizeBytes(datatype);
  const distinct = Math.min(count, DISTINCT_ELEMENTS);
  const block = new Uint8Array(distinct * size);
  const view = new DataView(block.buffer);
  for (let index = 0; index < distinct; index++) {
    const value = next();
    if (datatype === 'FP32') view.setFloat32(index * 4, value, true);
    else if (datatype === 'FP64') view.setFloat64(index * 8, value, true);
    else if (datatype === 'FP16') view.setFloat16(index * 2, value, true);
    // Integers and booleans: 0 or 1, which index even the smallest table.
    else view.setUint8(index * size, value < 0 ? 0 : 1);
  }
  return repeated(block, count * size);
}

/** So many bytes, the block over and over; 4 MiB in each turn of the loop. */
async function repeated(block: Uint8Array, sizeBytes: number): Promise<Uint8Array> {
  if (block.length === sizeBytes) return block;
  const whole = new Uint8Array(sizeBytes);
  let turnBytes = 0;
  for (let at = 0; at < sizeBytes; at += block.length) {
    if (turnBytes >= TURN_BYTES) {
      await nextTurn();
      turnBytes = 0;
    }
    whole.set(block.subarray(0, sizeBytes - at), at);
    turnBytes += block.length;
  }
  return whole;
}

function mixedValue(next: () => number): number {
  const magnitude = 10 ** (next() * 6 - 2);
  return next() < 0.5 ? -magnitude : magnitude;
}
