import { create, toBinary } from '@bufbuild/protobuf';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from '@plumbline/contract-onnx';
import { attribute, type AttributeValue } from './attribute.ts';
import { elementTypeOf } from './data-type.ts';

/** A tensor that enters or leaves a model. */
export interface TensorInfo {
  readonly name: string;
  /** OIP datatype, e.g. "FP32". */
  readonly datatype: string;
  /** -1 stands for any size. */
  readonly shape: readonly number[];
}

/** One application of an operator; nodes stand in topological order. */
export interface NodeSpec {
  readonly operator: string;
  /** Operator domain; absent: ai.onnx. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

/** A constant int64 vector. */
export interface Int64Constant {
  readonly name: string;
  readonly values: readonly number[];
}

export interface ModelSpec {
  readonly name: string;
  readonly producer: { readonly name: string; readonly version: string };
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly nodes: readonly NodeSpec[];
  readonly constants?: readonly Int64Constant[];
}

/** IR 8 with ai.onnx 17 and ai.onnx.ml 3: readable by every ONNX Runtime since 1.12. */
const IR_VERSION = 8n;
const OPSETS = [
  { domain: '', version: 17n },
  { domain: 'ai.onnx.ml', version: 3n },
];

/** The bytes of an ONNX model. Equal specifications give equal bytes. */
export function buildModel(spec: ModelSpec): Uint8Array {
  const graph = create(GraphProtoSchema, {
    name: spec.name,
    node: spec.nodes.map(nodeOf),
    initializer: (spec.constants ?? []).map(constantOf),
    input: spec.inputs.map(valueInfoOf),
    output: spec.outputs.map(valueInfoOf),
  });
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: OPSETS,
    producerName: spec.producer.name,
    producerVersion: spec.producer.version,
    graph,
  });
  return toBinary(ModelProtoSchema, model);
}

function nodeOf(spec: NodeSpec): NodeProto {
  return create(NodeProtoSchema, {
    name: `${spec.operator}_${spec.outputs[0] ?? ''}`,
    opType: spec.operator,
    ...(spec.domain === undefined ? {} : { domain: spec.domain }),
    input: [...spec.inputs],
    output: [...spec.outputs],
    attribute: Object.entries(spec.attributes ?? {}).map(([name, value]) => attribute(name, value)),
  });
}

function constantOf({ name, values }: Int64Constant): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dataType: DataType.INT64,
    dims: [BigInt(values.length)],
    int64Data: values.map(BigInt),
  });
}

function valueInfoOf({ name, datatype, shape }: TensorInfo): ValueInfoProto {
  const dim = shape.map((size) =>
    size < 0
      ? ({ value: { case: 'dimParam', value: 'N' } } as const)
      : ({ value: { case: 'dimValue', value: BigInt(size) } } as const),
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: elementTypeOf(datatype), shape: { dim } } } },
  });
}
