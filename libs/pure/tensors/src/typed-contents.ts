import { encodeBytesElements } from './bytes-elements.ts';
import type { Datatype } from './datatype.ts';
import { encodeElements, type Element } from './elements.ts';
import { TensorError } from './tensor-error.ts';
import { I32, I64, LEN, VARINT, WireReader } from './wire-reader.ts';

interface ContentsField {
  /** Field number in InferTensorContents. */
  readonly field: number;
  readonly wireType: number;
  readonly read: (reader: WireReader) => Element;
}

const float = (size: 4 | 8) => (reader: WireReader) => {
  const bytes = reader.fixed(size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  return size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
};

const INT: ContentsField = { field: 2, wireType: VARINT, read: (reader) => reader.varint() };
const UINT: ContentsField = { field: 4, wireType: VARINT, read: (reader) => reader.varint() };

const FIELDS: Readonly<Partial<Record<Datatype, ContentsField>>> = {
  BOOL: { field: 1, wireType: VARINT, read: (reader) => reader.varint() !== 0 },
  INT8: INT,
  INT16: INT,
  INT32: INT,
  INT64: { field: 3, wireType: VARINT, read: (reader) => BigInt.asIntN(64, reader.varint64()) },
  UINT8: UINT,
  UINT16: UINT,
  UINT32: UINT,
  UINT64: { field: 5, wireType: VARINT, read: (reader) => reader.varint64() },
  FP32: { field: 6, wireType: I32, read: float(4) },
  FP64: { field: 7, wireType: I64, read: float(8) },
  BYTES: { field: 8, wireType: LEN, read: (reader) => reader.bytes() },
};

/**
 * The raw form of typed contents (an InferTensorContents message), packed or not.
 * @throws TensorError where the datatype can only travel raw (FP16, BF16), where another field than the
 * datatype's own is filled, or where an element is out of the datatype's range.
 */
export function rawFromContents(datatype: Datatype, contents: Uint8Array, field = 'contents'): Buffer {
  const declared = FIELDS[datatype];
  if (declared === undefined) throw new TensorError(field, `${datatype} can only travel raw`);
  const elements: Element[] = [];
  const reader = new WireReader(contents);
  for (let number = reader.next(); number !== 0; number = reader.next()) {
    if (number > 8) reader.skip();
    else if (number !== declared.field) throw new TensorError(field, `the contents do not match ${datatype}`);
    else readElements(reader, declared, elements);
  }
  return datatype === 'BYTES'
    ? encodeBytesElements(elements as Uint8Array[])
    : encodeElements(datatype, elements, field);
}

function readElements(reader: WireReader, declared: ContentsField, elements: Element[]): void {
  if (declared.wireType === LEN || reader.wireType !== LEN) {
    reader.expect(declared.wireType);
    elements.push(declared.read(reader));
    return;
  }
  const packed = reader.message();
  while (!packed.atEnd) elements.push(declared.read(packed));
}
