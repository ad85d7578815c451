import { TensorProto_DataType as DataType } from '@plumbline/contract-onnx';

/** Open Inference Protocol names of ONNX element types, both ways. Types that OIP has no name for are left out. */
const OIP_NAMES: ReadonlyMap<DataType, string> = new Map([
  [DataType.BOOL, 'BOOL'],
  [DataType.UINT8, 'UINT8'],
  [DataType.UINT16, 'UINT16'],
  [DataType.UINT32, 'UINT32'],
  [DataType.UINT64, 'UINT64'],
  [DataType.INT8, 'INT8'],
  [DataType.INT16, 'INT16'],
  [DataType.INT32, 'INT32'],
  [DataType.INT64, 'INT64'],
  [DataType.FLOAT16, 'FP16'],
  [DataType.BFLOAT16, 'BF16'],
  [DataType.FLOAT, 'FP32'],
  [DataType.DOUBLE, 'FP64'],
  [DataType.STRING, 'BYTES'],
]);

const ELEMENT_TYPES = new Map([...OIP_NAMES].map(([type, name]) => [name, type]));

/** OIP datatype of an ONNX element type, e.g. 1 → "FP32"; undefined where OIP has none. */
export function oipDatatype(elementType: number): string | undefined {
  return OIP_NAMES.get(elementType);
}

/** ONNX element type of an OIP datatype. Throws a RangeError for names outside OIP. */
export function elementTypeOf(datatype: string): DataType {
  const type = ELEMENT_TYPES.get(datatype);
  if (type === undefined) throw new RangeError(`"${datatype}" is no datatype of the Open Inference Protocol`);
  return type;
}
