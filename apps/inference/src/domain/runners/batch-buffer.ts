import { elementCount, elementSizeBytes, type Datatype } from '@plumbline/tensors';
import { errors } from '../errors.ts';
import type { Batch, Region } from './runner.ts';
import type { ModelSignature, TensorSpec } from '../signature.ts';

/** Alignment of every tensor: a cache line, and enough for any element. */
const ALIGNMENT = 64;

/** Largest buffer of one run: shapes are declared by models, and a few bytes can declare any size. */
export const MAX_BATCH_BYTES = 256 * 2 ** 20;

/**
 * Lays out one buffer for inputs of these shapes and for every output whose size follows from `rows`.
 * @param textBytes of each input; only those of BYTES count, whose size does not follow from the shape.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export function layOutBatch(
  signature: ModelSignature,
  inputShapes: readonly (readonly number[])[],
  textBytes: readonly number[],
  rows: number | undefined,
): Batch {
  let size = 0;
  const place = (shape: readonly number[], sizeBytes: number): Region => {
    const region = { offsetBytes: size, sizeBytes, shape };
    size += align(sizeBytes);
    return region;
  };
  const inputs = signature.inputs.map(({ datatype }, index) => {
    const shape = inputShapes[index] ?? [];
    return place(shape, datatype === 'BYTES' ? (textBytes[index] ?? 0) : sizeOf(datatype, shape));
  });
  const outputs = signature.outputs.map((spec) => {
    const shape = spec.datatype === 'BYTES' ? undefined : outputShape(spec, rows);
    return shape && place(shape, sizeOf(spec.datatype, shape));
  });
  checkBatchBytes(size);
  return { buffer: new ArrayBuffer(size), inputs, outputs };
}

/** @throws ServiceError BATCH_TOO_LARGE. */
export function checkBatchBytes(sizeBytes: number): void {
  if (sizeBytes <= MAX_BATCH_BYTES) return;
  throw errors.BATCH_TOO_LARGE(
    `one run would take ${sizeBytes} bytes, at most ${MAX_BATCH_BYTES} are allowed`,
  );
}

/** Copies raw elements to byte `at` of the buffer: the one copy between a request and the engine. */
export function copyInto(
  target: Uint8Array,
  raw: Uint8Array,
  fromByte: number,
  sizeBytes: number,
  at: number,
): void {
  if (sizeBytes > 32) {
    target.set(
      fromByte === 0 && sizeBytes === raw.length ? raw : raw.subarray(fromByte, fromByte + sizeBytes),
      at,
    );
    return;
  }
  for (let index = 0; index < sizeBytes; index++) target[at + index] = raw[fromByte + index] ?? 0;
}

function outputShape(spec: TensorSpec, rows: number | undefined): readonly number[] | undefined {
  const shape = rows !== undefined && spec.shape[0] === -1 ? [rows, ...spec.shape.slice(1)] : spec.shape;
  return shape.includes(-1) ? undefined : shape;
}

function sizeOf(datatype: Datatype, shape: readonly number[]): number {
  return elementCount(shape) * elementSizeBytes(datatype);
}

/** The offset of what follows so many bytes. */
export function align(sizeBytes: number): number {
  return Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT;
}
