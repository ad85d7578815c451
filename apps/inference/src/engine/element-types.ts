import type { Datatype } from '@plumbline/tensors';
import type { Tensor } from 'onnxruntime-node';

/** Elements of a fixed size, as onnxruntime-node takes and gives them. */
export type NumericElements = Exclude<Tensor.DataTypeMap[Tensor.Type], string[]>;

interface NumericType {
  readonly datatype: Datatype;
  readonly view: (buffer: ArrayBuffer, offsetBytes: number, length: number) => NumericElements;
}

/** onnxruntime-node's element types; float16 is 16 bits in a Uint16Array while Float16Array is hidden. */
const NUMERIC: Readonly<Record<string, NumericType>> = {
  bool: { datatype: 'BOOL', view: (...at) => new Uint8Array(...at) },
  uint8: { datatype: 'UINT8', view: (...at) => new Uint8Array(...at) },
  uint16: { datatype: 'UINT16', view: (...at) => new Uint16Array(...at) },
  uint32: { datatype: 'UINT32', view: (...at) => new Uint32Array(...at) },
  uint64: { datatype: 'UINT64', view: (...at) => new BigUint64Array(...at) },
  int8: { datatype: 'INT8', view: (...at) => new Int8Array(...at) },
  int16: { datatype: 'INT16', view: (...at) => new Int16Array(...at) },
  int32: { datatype: 'INT32', view: (...at) => new Int32Array(...at) },
  int64: { datatype: 'INT64', view: (...at) => new BigInt64Array(...at) },
  float16: { datatype: 'FP16', view: (...at) => new Uint16Array(...at) },
  float32: { datatype: 'FP32', view: (...at) => new Float32Array(...at) },
  float64: { datatype: 'FP64', view: (...at) => new Float64Array(...at) },
};

const NAMES: ReadonlyMap<Datatype, Tensor.Type> = new Map<Datatype, Tensor.Type>([
  ...Object.entries(NUMERIC).map(([name, { datatype }]) => [datatype, name as Tensor.Type] as const),
  ['BYTES', 'string'],
]);

/** The protocol's datatype of an element type; undefined where it cannot be served. */
export function datatypeOf(elementType: string): Datatype | undefined {
  return elementType === 'string' ? 'BYTES' : NUMERIC[elementType]?.datatype;
}

/** onnxruntime-node's name of a datatype. @throws RangeError for one that it does not have. */
export function elementTypeOf(datatype: Datatype): Tensor.Type {
  const name = NAMES.get(datatype);
  if (name === undefined) throw new RangeError(`the engine has no ${datatype}`);
  return name;
}

/** The buffer's elements from `offsetBytes` on, in place. Of every datatype but BYTES. */
export function viewElements(
  datatype: Datatype,
  buffer: ArrayBuffer,
  offsetBytes: number,
  length: number,
): NumericElements {
  const type = NUMERIC[elementTypeOf(datatype)];
  if (type === undefined) throw new RangeError(`${datatype} elements have no fixed size`);
  return type.view(buffer, offsetBytes, length);
}
