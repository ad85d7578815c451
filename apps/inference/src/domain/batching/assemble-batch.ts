import type { Datatype } from '@plumbline/tensors';
import { copyInto, layOutBatch } from '../runners/batch-buffer.ts';
import type { SealedBatch, Slice } from './batch-queue.ts';
import type { Batching } from '../loading/batching.ts';
import type { PendingRequest } from './pending-request.ts';
import type { Batch, Region } from '../runners/runner.ts';
import type { ModelSignature, TensorSpec } from '../signature.ts';

/** Rows that the engine is given: those that were sealed, filled up where the batch has a fixed size. */
export function rowsOfRun({ slices, rows }: SealedBatch<PendingRequest>, batching: Batching): number {
  return batching.together ? Math.max(rows, batching.padRows) : (slices[0]?.item.request.rows ?? 0);
}

/**
 * Copies every slice to its rows of one aligned buffer. Rows that fill up are copies of the last, so that they are
 * values that the model accepts.
 * @throws ServiceError BATCH_TOO_LARGE.
 */
export function assembleBatch(
  sealed: SealedBatch<PendingRequest>,
  signature: ModelSignature,
  batching: Batching,
): Batch {
  const rows = rowsOfRun(sealed, batching);
  const { shapes } = (sealed.slices[0] as Slice<PendingRequest>).item.request;
  const slices = rows > sealed.rows && batching.together ? filledUp(sealed, rows) : sealed.slices;
  const batch = layOutBatch(
    signature,
    batching.together ? shapes.map((shape) => [rows, ...shape.slice(1)]) : shapes,
    signature.inputs.map(({ datatype }, input) => (datatype === 'BYTES' ? textBytes(slices, input) : 0)),
    batching.rowed ? rows : undefined,
  );
  const target = new Uint8Array(batch.buffer);
  for (let input = 0; input < batch.inputs.length; input++) {
    const { datatype } = signature.inputs[input] as TensorSpec;
    copySlices(target, (batch.inputs[input] as Region).offsetBytes, slices, input, datatype);
  }
  return batch;
}

function copySlices(
  target: Uint8Array,
  offsetBytes: number,
  slices: readonly Slice<PendingRequest>[],
  input: number,
  datatype: Datatype,
): void {
  let at = offsetBytes;
  for (const { item, fromRow, rows } of slices) {
    const raw = item.request.inputs[input] as Uint8Array;
    const from = item.byteAt(input, datatype, fromRow);
    const sizeBytes = item.byteAt(input, datatype, fromRow + rows) - from;
    copyInto(target, raw, from, sizeBytes, at);
    at += sizeBytes;
  }
}

function textBytes(slices: readonly Slice<PendingRequest>[], input: number): number {
  let size = 0;
  for (const { item, fromRow, rows } of slices) {
    size += item.byteAt(input, 'BYTES', fromRow + rows) - item.byteAt(input, 'BYTES', fromRow);
  }
  return size;
}

function filledUp({ slices, rows }: SealedBatch<PendingRequest>, upTo: number): Slice<PendingRequest>[] {
  const last = slices.at(-1) as Slice<PendingRequest>;
  const copy = { item: last.item, fromRow: last.fromRow + last.rows - 1, rows: 1 };
  return [...slices, ...Array.from({ length: upTo - rows }, (_, at) => ({ ...copy, atRow: rows + at }))];
}
