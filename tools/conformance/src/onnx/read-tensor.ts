import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import {
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  type TensorProto,
} from '@plumbline/contract-onnx';
import { oipDatatype } from '@plumbline/onnx';
import { encodeElements, isDatatype, type Datatype, type Element } from '@plumbline/tensors';

/** A tensor of a test: little-endian elements as the protocol has them. */
export interface TestTensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly raw: Uint8Array;
}

/** Reads a file with a serialised TensorProto. @throws Error where it holds something else, or no datatype of the protocol. */
export function readTensor(file: string): TestTensor {
  const tensor = fromBinary(TensorProtoSchema, readFileSync(file));
  const datatype = oipDatatype(tensor.dataType) ?? '';
  if (!isDatatype(datatype)) throw new Error(`${file} has elements of the ONNX type ${tensor.dataType}`);
  return { datatype, shape: tensor.dims.map(Number), raw: rawOf(tensor, datatype) };
}

function rawOf(tensor: TensorProto, datatype: Datatype): Uint8Array {
  return tensor.rawData.length > 0 ? tensor.rawData : encodeElements(datatype, typedElements(tensor));
}

/** The typed field that onnx.proto prescribes, by element type; the other types are in int32_data. */
const TYPED: ReadonlyMap<number, (tensor: TensorProto) => readonly Element[]> = new Map<
  DataType,
  (tensor: TensorProto) => readonly Element[]
>([
  [DataType.FLOAT, (tensor) => tensor.floatData],
  [DataType.DOUBLE, (tensor) => tensor.doubleData],
  [DataType.INT64, (tensor) => tensor.int64Data],
  [DataType.UINT32, (tensor) => tensor.uint64Data],
  [DataType.UINT64, (tensor) => tensor.uint64Data],
  [DataType.STRING, (tensor) => tensor.stringData],
  [DataType.BOOL, (tensor) => tensor.int32Data.map((value) => value !== 0)],
]);

function typedElements(tensor: TensorProto): readonly Element[] {
  return TYPED.get(tensor.dataType)?.(tensor) ?? tensor.int32Data;
}
