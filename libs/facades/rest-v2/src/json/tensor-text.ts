import { isUtf8 } from 'node:buffer';
import { elementSizeBytes, TensorError, type Datatype } from '@plumbline/tensors';
import { restErrors } from '../errors.ts';
import { fromBfloat16 } from './half-floats.ts';

/** Elements per slice: a few milliseconds of work. */
export const SLICE_ELEMENTS = 8_192;

/**
 * A number as the JSON text that reads as exactly it, also where whole numbers are read as integers, which have no −0.
 * Those that JSON has no number for are strings, as in protobuf.
 */
function numberText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0';
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}

type ElementText = (view: DataView, at: number) => string;

const TEXTS: Readonly<Record<Exclude<Datatype, 'BYTES'>, ElementText>> = {
  BOOL: (view, at) => (view.getUint8(at) === 0 ? 'false' : 'true'),
  UINT8: (view, at) => String(view.getUint8(at)),
  UINT16: (view, at) => String(view.getUint16(at, true)),
  UINT32: (view, at) => String(view.getUint32(at, true)),
  UINT64: (view, at) => String(view.getBigUint64(at, true)),
  INT8: (view, at) => String(view.getInt8(at)),
  INT16: (view, at) => String(view.getInt16(at, true)),
  INT32: (view, at) => String(view.getInt32(at, true)),
  INT64: (view, at) => String(view.getBigInt64(at, true)),
  FP16: (view, at) => numberText(view.getFloat16(at, true)),
  BF16: (view, at) => numberText(fromBfloat16(view.getUint16(at, true))),
  FP32: (view, at) => numberText(view.getFloat32(at, true)),
  FP64: (view, at) => numberText(view.getFloat64(at, true)),
};

/**
 * The elements of a raw tensor as JSON, flat and row-major, in slices whose concatenation is the array's inside.
 * Numbers read back as exactly the elements: FP16, BF16 and FP32 are printed as the double that equals them.
 *
 * @param name of the output, for refusals
 * @throws ServiceError OUTPUT_NOT_TEXT for BYTES that are no UTF-8
 */
export function tensorText(datatype: Datatype, raw: Uint8Array, name: string): Iterable<string> {
  return datatype === 'BYTES' ? bytesText(raw, name) : numbersText(datatype, raw);
}

function* numbersText(datatype: Exclude<Datatype, 'BYTES'>, raw: Uint8Array): Generator<string> {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const size = elementSizeBytes(datatype);
  const text = TEXTS[datatype];
  for (let start = 0; start < raw.length; start += SLICE_ELEMENTS * size) {
    const end = Math.min(raw.length, start + SLICE_ELEMENTS * size);
    let slice = start === 0 ? text(view, 0) : `,${text(view, start)}`;
    for (let at = start + size; at < end; at += size) slice += `,${text(view, at)}`;
    yield slice;
  }
}

function* bytesText(raw: Uint8Array, name: string): Generator<string> {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  let slice = '';
  let index = 0;
  for (let at = 0; at < bytes.length; index++) {
    if (index > 0 && index % SLICE_ELEMENTS === 0) {
      yield slice;
      slice = '';
    }
    const start = at + LENGTH_BYTES;
    at = elementEnd(bytes, at, name);
    const text = bytes.toString('utf8', start, at);
    // Only what cannot be decoded, or the replacement character itself, decodes to it.
    if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, at))) {
      throw restErrors.OUTPUT_NOT_TEXT(
        `element ${index} of the output "${name}" is no UTF-8: ask for it as binary data`,
      );
    }
    slice += index === 0 ? JSON.stringify(text) : `,${JSON.stringify(text)}`;
  }
  yield slice;
}

const LENGTH_BYTES = 4;
const REPLACEMENT = '\u{fffd}';

function elementEnd(bytes: Buffer, at: number, name: string): number {
  const end = at + LENGTH_BYTES > bytes.length ? NaN : at + LENGTH_BYTES + bytes.readUInt32LE(at);
  if (!(end <= bytes.length)) throw new TensorError(name, 'a BYTES element is longer than its tensor');
  return end;
}
