import { decodeBytesElements, encodeBytesElements, firstBytesElement } from './bytes-elements.ts';
import { elementSizeBytes, type Datatype } from './datatype.ts';
import { TensorError } from './tensor-error.ts';

/** One element as a program holds it: INT64 and UINT64 are bigint, BYTES are bytes. */
export type Element = number | bigint | boolean | Uint8Array;

interface NumberCodec {
  readonly read: (view: DataView, at: number) => Element;
  readonly write: (view: DataView, at: number, value: never) => void;
  /** Bounds of the integers, inclusive; absent for floats. */
  readonly min?: number | bigint;
  readonly max?: number | bigint;
}

const integer = (
  bits: 8 | 16 | 32,
  signed: boolean,
  read: NumberCodec['read'],
  write: (view: DataView, at: number, value: number) => void,
): NumberCodec => ({
  read,
  write,
  min: signed ? -(2 ** (bits - 1)) : 0,
  max: signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1,
});

/** FP16 and BF16 have no JavaScript number of their own here: their elements are the 16 bits as a number. */
const CODECS: Readonly<Record<Exclude<Datatype, 'BYTES'>, NumberCodec>> = {
  BOOL: {
    read: (view, at) => view.getUint8(at) !== 0,
    write: (view, at, value: boolean) => view.setUint8(at, value ? 1 : 0),
  },
  UINT8: integer(
    8,
    false,
    (v, at) => v.getUint8(at),
    (v, at, x) => v.setUint8(at, x),
  ),
  UINT16: integer(
    16,
    false,
    (v, at) => v.getUint16(at, true),
    (v, at, x) => v.setUint16(at, x, true),
  ),
  UINT32: integer(
    32,
    false,
    (v, at) => v.getUint32(at, true),
    (v, at, x) => v.setUint32(at, x, true),
  ),
  INT8: integer(
    8,
    true,
    (v, at) => v.getInt8(at),
    (v, at, x) => v.setInt8(at, x),
  ),
  INT16: integer(
    16,
    true,
    (v, at) => v.getInt16(at, true),
    (v, at, x) => v.setInt16(at, x, true),
  ),
  INT32: integer(
    32,
    true,
    (v, at) => v.getInt32(at, true),
    (v, at, x) => v.setInt32(at, x, true),
  ),
  FP16: integer(
    16,
    false,
    (v, at) => v.getUint16(at, true),
    (v, at, x) => v.setUint16(at, x, true),
  ),
  BF16: integer(
    16,
    false,
    (v, at) => v.getUint16(at, true),
    (v, at, x) => v.setUint16(at, x, true),
  ),
  INT64: {
    read: (view, at) => view.getBigInt64(at, true),
    write: (view, at, value: bigint) => view.setBigInt64(at, value, true),
    min: -(2n ** 63n),
    max: 2n ** 63n - 1n,
  },
  UINT64: {
    read: (view, at) => view.getBigUint64(at, true),
    write: (view, at, value: bigint) => view.setBigUint64(at, value, true),
    min: 0n,
    max: 2n ** 64n - 1n,
  },
  FP32: {
    read: (view, at) => view.getFloat32(at, true),
    write: (view, at, value: number) => view.setFloat32(at, value, true),
  },
  FP64: {
    read: (view, at) => view.getFloat64(at, true),
    write: (view, at, value: number) => view.setFloat64(at, value, true),
  },
};

/**
 * The raw little-endian bytes of the elements. Integers may be given as number or bigint.
 * @throws TensorError where a value is of another kind, is no integer where one is due, or is out of range.
 */
export function encodeElements(datatype: Datatype, elements: readonly Element[], field = 'elements'): Buffer {
  if (datatype === 'BYTES') {
    return encodeBytesElements(elements.map((element) => requireBytes(element, field)));
  }
  const codec = CODECS[datatype];
  const size = elementSizeBytes(datatype);
  const raw = Buffer.allocUnsafe(elements.length * size);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  elements.forEach((element, index) => {
    codec.write(view, index * size, normalize(datatype, codec, element, field, index) as never);
  });
  return raw;
}

/**
 * The elements of a raw tensor, row-major. BYTES elements are views of `raw`.
 * @throws TensorError where `raw` does not divide into elements.
 */
export function decodeElements(datatype: Datatype, raw: Uint8Array, field = 'elements'): Element[] {
  if (datatype === 'BYTES') return decodeBytesElements(raw, field);
  const size = elementSizeBytes(datatype);
  if (raw.length % size !== 0) {
    throw new TensorError(field, `${raw.length} bytes do not divide into ${datatype} elements of ${size}`);
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const { read } = CODECS[datatype];
  return Array.from({ length: raw.length / size }, (_, index) => read(view, index * size));
}

/** The first element of a raw tensor, without a look at the others; undefined where there is no whole one. */
export function firstElement(datatype: Datatype, raw: Uint8Array): Element | undefined {
  if (datatype === 'BYTES') return firstBytesElement(raw);
  const size = elementSizeBytes(datatype);
  if (raw.length < size) return undefined;
  return CODECS[datatype].read(new DataView(raw.buffer, raw.byteOffset, size), 0);
}

function normalize(
  datatype: Datatype,
  codec: NumberCodec,
  element: Element,
  field: string,
  index: number,
): Element {
  const refused = (problem: string) => new TensorError(`${field}[${index}]`, problem);
  if (datatype === 'BOOL') {
    if (typeof element === 'boolean') return element;
    throw refused('BOOL needs true or false');
  }
  if (typeof element !== 'number' && typeof element !== 'bigint') throw refused(`${datatype} needs a number`);
  if (codec.min === undefined || codec.max === undefined) return Number(element);
  if (typeof element === 'number' && !Number.isInteger(element)) {
    throw refused(`${datatype} needs an integer`);
  }
  if (element < codec.min || element > codec.max) {
    throw refused(`${element} is outside the range of ${datatype}`);
  }
  return typeof codec.min === 'bigint' ? BigInt(element) : Number(element);
}

function requireBytes(element: Element, field: string): Uint8Array {
  if (element instanceof Uint8Array) return element;
  throw new TensorError(field, 'BYTES needs bytes');
}
