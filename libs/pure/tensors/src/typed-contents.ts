import { FieldReader, Wire } from '@plumbline/wire';
import { encodeBytesElements } from './bytes-elements.ts';
import type { Datatype } from './datatype.ts';
import { encodeElements, type Element } from './elements.ts';
import { expectWire, readWire, TensorError } from './tensor-error.ts';

interface ContentsField {
  /** Field number in InferTensorContents. */
  readonly field: number;
  readonly wireType: number;
  readonly read: (reader: FieldReader) => Element;
}

const INT: ContentsField = { field: 2, wireType: Wire.VARINT, read: (reader) => reader.int64Number() };
const UINT: ContentsField = { field: 4, wireType: Wire.VARINT, read: (reader) => reader.int64Number() };

const FIELDS: Readonly<Partial<Record<Datatype, ContentsField>>> = {
  BOOL: { field: 1, wireType: Wire.VARINT, read: (reader) => reader.int64Number() !== 0 },
  INT8: INT,
  INT16: INT,
  INT32: INT,
  INT64: { field: 3, wireType: Wire.VARINT, read: (reader) => BigInt.asIntN(64, reader.uint64()) },
  UINT8: UINT,
  UINT16: UINT,
  UINT32: UINT,
  UINT64: { field: 5, wireType: Wire.VARINT, read: (reader) => reader.uint64() },
  FP32: { field: 6, wireType: Wire.BIT32, read: (reader) => reader.float() },
  FP64: { field: 7, wireType: Wire.BIT64, read: (reader) => reader.double() },
  BYTES: { field: 8, wireType: Wire.LENGTH, read: (reader) => reader.bytes() },
};

/** What may still be converted: typed elements cost tens of nanoseconds and an object each, raw ones next to nothing. */
export interface TypedBudget {
  left: number;
}

/** Typed elements that a request may hold. */
export const MAX_TYPED_ELEMENTS = 262_144;

/**
 * The raw form of typed contents (an InferTensorContents message), packed or not.
 * @throws TensorError where the datatype can only travel raw (FP16, BF16), where another field than the
 * datatype's own is filled, where an element is out of the datatype's range, or beyond the budget, which the
 * elements are taken from.
 */
export function rawFromContents(
  datatype: Datatype,
  contents: Uint8Array,
  field = 'contents',
  budget: TypedBudget = { left: MAX_TYPED_ELEMENTS },
): Buffer {
  const declared = FIELDS[datatype];
  if (declared === undefined) throw new TensorError(field, `${datatype} can only travel raw`);
  const elements = readWire(() => readContents(new FieldReader(contents), datatype, declared, field, budget));
  return datatype === 'BYTES'
    ? encodeBytesElements(elements as Uint8Array[])
    : encodeElements(datatype, elements, field);
}

function readContents(
  reader: FieldReader,
  datatype: Datatype,
  declared: ContentsField,
  field: string,
  budget: TypedBudget,
): Element[] {
  const elements: Element[] = [];
  while (reader.next()) {
    if (reader.field > 8) reader.skip();
    else if (reader.field === declared.field) readElements(reader, declared, elements, budget.left);
    else throw new TensorError(field, `the contents do not match ${datatype}`);
    if (elements.length > budget.left) {
      throw new TensorError(
        field,
        `a request holds at most ${MAX_TYPED_ELEMENTS} typed elements: send them raw`,
      );
    }
  }
  budget.left -= elements.length;
  return elements;
}

/** Stops just beyond the limit. */
function readElements(
  reader: FieldReader,
  declared: ContentsField,
  elements: Element[],
  limit: number,
): void {
  if (declared.wireType === Wire.LENGTH || reader.wireType !== Wire.LENGTH) {
    elements.push(declared.read(expectWire(reader, declared.wireType)));
    return;
  }
  const packed = reader.message();
  while (!packed.atEnd && elements.length <= limit) elements.push(declared.read(packed));
}
