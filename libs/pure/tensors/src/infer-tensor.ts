import { Wire, type FieldReader } from '@plumbline/wire';
import { expectWire, TensorError } from './tensor-error.ts';
import { formatShape, type Shape } from './shape.ts';
import { fieldSize, varintSize, type WireWriter } from './wire-writer.ts';

/** What names a tensor. In a request the datatype is text until it has been checked. */
export interface TensorHeader {
  readonly name: string;
  readonly datatype: string;
  /** Batch dimension included. */
  readonly shape: Shape;
}

/** An input or output as it lies in a message. */
export interface TensorView extends TensorHeader {
  /** Map entries for readParameters. */
  readonly parameters: readonly Uint8Array[];
  /** The InferTensorContents message, for rawFromContents; undefined where the elements travel raw. */
  readonly contents: Uint8Array | undefined;
}

/** Of anything that repeats in a message: far above every model, far below what would hold the thread up. */
const MAX_REPEATED = 4096;

/** Appends to a repeated field. @throws TensorError where it has grown beyond 4096 entries. */
export function append<T>(list: T[], entry: T): void {
  if (list.length === MAX_REPEATED) {
    throw new TensorError('', `a field is repeated more than ${MAX_REPEATED} times`);
  }
  list.push(entry);
}

const NO_PARAMETERS: readonly Uint8Array[] = [];

/** Reads InferInputTensor or InferOutputTensor, whose fields are numbered alike. */
export function readTensor(reader: FieldReader): TensorView {
  let name = '';
  let datatype = '';
  const shape: number[] = [];
  let parameters: Uint8Array[] | undefined;
  let contents: Uint8Array | undefined;
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) datatype = reader.string();
    else if (reader.field === 3) readShape(reader, shape);
    else if (reader.field === 4) append((parameters ??= []), reader.bytes());
    else if (reader.field === 5) contents = reader.bytes();
    else reader.skip();
  }
  return { name, datatype, shape, parameters: parameters ?? NO_PARAMETERS, contents };
}

/** The size of the tensor's message without parameters and contents. */
export function tensorSize(tensor: TensorHeader): number {
  const { name, datatype, shape } = tensor;
  const packed = packedShapeSize(shape);
  return (
    fieldSize(Buffer.byteLength(name)) +
    fieldSize(datatype.length) +
    (shape.length === 0 ? 0 : fieldSize(packed))
  );
}

/** Writes the tensor as field `field`; `size` is its tensorSize. */
export function writeTensor(writer: WireWriter, field: number, tensor: TensorHeader, size: number): void {
  writer.delimited(field, size);
  writer.text(1, tensor.name, Buffer.byteLength(tensor.name));
  writer.text(2, tensor.datatype, tensor.datatype.length);
  if (tensor.shape.length === 0) return;
  writer.delimited(3, packedShapeSize(tensor.shape));
  for (const dimension of tensor.shape) writer.varint(dimension);
}

function packedShapeSize(shape: Shape): number {
  let size = 0;
  for (const dimension of shape) {
    if (!(dimension >= 0)) throw new RangeError(`a tensor cannot have the shape ${formatShape(shape)}`);
    size += varintSize(dimension);
  }
  return size;
}

function readShape(reader: FieldReader, shape: number[]): void {
  if (reader.wireType !== Wire.LENGTH) {
    append(shape, expectWire(reader, Wire.VARINT).int64Number());
    return;
  }
  const packed = reader.message();
  while (!packed.atEnd) append(shape, packed.int64Number());
}
