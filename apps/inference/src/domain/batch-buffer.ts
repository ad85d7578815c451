import { elementCount, elementSizeBytes } from '@plumbline/tensors';
import { errors } from './errors.ts';
import type { Batch, Region } from './runner.ts';
import type { ModelSignature, TensorSpec } from './signature.ts';

/** Alignment of every tensor: a cache line, and enough for any element. */
const ALIGNMENT = 64;

/** Largest buffer of one run: shapes are declared by models, and a few bytes can declare any size. */
export const MAX_BATCH_BYTES = 256 * 2 ** 20;

/**
 * Lays out one buffer for inputs of these shapes and for every output whose shape follows from `rows`.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export function layOutBatch(
  signature: ModelSignature,
  inputShapes: readonly (readonly number[])[],
  rows: number | undefined,
): Batch {
  let size = 0;
  const place = (spec: TensorSpec, shape: readonly number[]): Region => {
    const sizeBytes = elementCount(shape) * elementSizeBytes(spec.datatype);
    const region = { offsetBytes: size, sizeBytes, shape };
    size += align(sizeBytes);
    return region;
  };
  const inputs = signature.inputs.map((spec, index) => place(spec, inputShapes[index] ?? []));
  const outputs = signature.outputs.map((spec) => {
    const shape = outputShape(spec, rows);
    return shape && place(spec, shape);
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

function align(sizeBytes: number): number {
  return Math.ceil(sizeBytes / ALIGNMENT) * ALIGNMENT;
}
