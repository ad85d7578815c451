import { decodeElements, elementSizeBytes, type Datatype } from '@plumbline/tensors';

/** True when both hold the same bits. */
export function sameBits(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/**
 * The largest absolute difference between elements of two raw tensors; 0 for equal bits and for NaN beside NaN,
 * Infinity where lengths differ or only one side is NaN.
 */
export function largestDifference(datatype: Datatype, left: Uint8Array, right: Uint8Array): number {
  if (sameBits(left, right)) return 0;
  if (left.length !== right.length || datatype === 'BYTES') return Infinity;
  const rights = numbers(datatype, right);
  return numbers(datatype, left).reduce(
    (largest, value, index) => Math.max(largest, difference(value, rights[index] ?? NaN)),
    0,
  );
}

function difference(left: number, right: number): number {
  if (Object.is(left, right) || left === right) return 0;
  const distance = Math.abs(left - right);
  return Number.isNaN(distance) ? Infinity : distance;
}

function numbers(datatype: Datatype, raw: Uint8Array): number[] {
  if (datatype !== 'FP16') return decodeElements(datatype, raw).map(Number);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / elementSizeBytes(datatype) }, (_, index) =>
    view.getFloat16(index * 2, true),
  );
}
