import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type GraphProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from '@plumbline/contract-onnx';

type ValueInfo = MessageInitShape<typeof ValueInfoProtoSchema>;
type Graph = MessageInitShape<typeof GraphProtoSchema>;
export type Constant = MessageInitShape<typeof TensorProtoSchema>;
export type Node = NonNullable<Graph['node']>[number];
export type Attribute = NonNullable<Node['attribute']>[number];

/** The bytes of a model of ai.onnx 17. Equal graphs give equal bytes. */
export function modelBytes(graph: Graph): Uint8Array {
  const opsetImport = [{ domain: '', version: 17n }];
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, opsetImport, graph }));
}

/** An input or output: FP32 of shape [N, width]. */
export function floatRows(name: string, width: number): ValueInfo {
  return rows(name, width, DataType.FLOAT);
}

/** An input or output: INT64 of shape [N, width]. */
export function int64Rows(name: string, width: number): ValueInfo {
  return rows(name, width, DataType.INT64);
}

function rows(name: string, width: number, elemType: DataType): ValueInfo {
  const dim = [
    { value: { case: 'dimParam' as const, value: 'N' } },
    { value: { case: 'dimValue' as const, value: BigInt(width) } },
  ];
  const tensor = { elemType, shape: { dim } };
  return { name, type: { value: { case: 'tensorType', value: tensor } } };
}

export function floatConstant(
  name: string,
  dims: readonly number[],
  values: Float32Array<ArrayBuffer>,
): Constant {
  return { name, dataType: DataType.FLOAT, dims: dims.map(BigInt), rawData: new Uint8Array(values.buffer) };
}

/** A list of whole numbers, e.g. the dimensions that Reshape takes. */
export function int64Constant(name: string, values: readonly number[]): Constant {
  return { name, dataType: DataType.INT64, dims: [BigInt(values.length)], int64Data: values.map(BigInt) };
}

export function int8Constant(
  name: string,
  dims: readonly number[],
  values: Int8Array<ArrayBuffer>,
): Constant {
  return { name, dataType: DataType.INT8, dims: dims.map(BigInt), rawData: new Uint8Array(values.buffer) };
}
