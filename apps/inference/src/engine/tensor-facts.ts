import type { FieldReader } from '@plumbline/wire';

/** What a serialised onnx.TensorProto says of itself. */
export interface TensorFacts {
  readonly name: string;
  /** Whether its data lies in another file. */
  readonly outside: boolean;
  /** onnx.TensorProto.DataType. */
  readonly elementType: number;
  readonly elements: number;
  /** Undefined where there are more than a shape has. */
  readonly dims: readonly number[] | undefined;
  /** Of one element in the engine's memory. */
  readonly elementBytes: number;
  /** The numbers of a short int64 vector, as shapes are; undefined for everything else. */
  readonly integers: readonly number[] | undefined;
}

const INT64 = 7;
/** By onnx.TensorProto.DataType; those that are missing take four bytes. */
const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  ...{ 2: 1, 3: 1, 9: 1 },
  ...{ 4: 2, 5: 2, 10: 2, 16: 2 },
  ...{ 7: 8, 11: 8, 13: 8, 14: 8 },
  ...{ 8: 32, 15: 16 },
};
/** No shape is longer. */
const MAX_INTEGERS = 16;
const VARINT = 0;

/** @throws WireError */
export function readTensor(reader: FieldReader): TensorFacts {
  const dims: number[] = [];
  const integers: number[] = [];
  let name = '';
  let type = 0;
  let outside = false;
  while (reader.next()) {
    if (reader.field === 1) readIntegers(reader, dims);
    else if (reader.field === 2) type = reader.uint32();
    else if (reader.field === 7) readIntegers(reader, integers);
    else if (reader.field === 8) name = reader.string();
    else if (reader.field === 9) readRaw(reader.bytes(), integers);
    else if (reader.field === 14) outside = reader.uint64() !== 0n || outside;
    else {
      outside ||= reader.field === 13;
      reader.skip();
    }
  }
  const elements = dims.reduce((product, size) => product * size, 1);
  const known = type === INT64 && integers.length === elements;
  return {
    ...{ name, outside, elementType: type, elements, elementBytes: elementBytesOf(type) },
    dims: dims.length <= MAX_INTEGERS ? dims : undefined,
    integers: known ? integers : undefined,
  };
}

/** Of one element in the engine's memory. @param type onnx.TensorProto.DataType. */
export function elementBytesOf(type: number): number {
  return ELEMENT_BYTES[type] ?? 4;
}

/** Varints, packed or one by one; those beyond the length of any shape are left out. */
export function readIntegers(reader: FieldReader, into: number[]): void {
  if (reader.wireType === VARINT) {
    const integer = reader.int64Number();
    if (into.length <= MAX_INTEGERS) into.push(integer);
    return;
  }
  const packed = reader.message();
  while (!packed.atEnd && into.length <= MAX_INTEGERS) into.push(packed.int64Number());
}

function readRaw(raw: Uint8Array, into: number[]): void {
  if (raw.length > MAX_INTEGERS * 8 || raw.length % 8 !== 0) return;
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  for (let at = 0; at < raw.length; at += 8) into.push(Number(view.getBigInt64(at, true)));
}
