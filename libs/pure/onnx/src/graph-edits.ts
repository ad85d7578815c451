import { create } from '@bufbuild/protobuf';
import {
  ValueInfoProtoSchema,
  type GraphProto,
  type NodeProto,
  type TensorProto_DataType as DataType,
  type ValueInfoProto,
} from '@plumbline/contract-onnx';

/** Names of all values that nodes read, those that subgraphs take from around them included. */
export function valuesRead(graph: GraphProto): Set<string> {
  const read = new Set<string>();
  for (const { input, attribute } of graph.node) {
    input.forEach((name) => read.add(name));
    for (const { g, graphs } of attribute) {
      for (const inner of g === undefined ? graphs : [g, ...graphs]) {
        [...valuesRead(inner), ...inner.output.map(({ name }) => name)].forEach((name) => read.add(name));
      }
    }
  }
  return read;
}

/** The node now hands its only input on under its output's name. */
export function passOn(node: NodeProto): void {
  node.opType = 'Identity';
  node.domain = '';
  node.attribute = [];
}

/** @param shape −1 stands for any size; undefined where not even the rank is known. */
export function tensorOutput(name: string, elemType: DataType, shape?: readonly number[]): ValueInfoProto {
  const dim = shape?.map((size) =>
    size < 0 ? { value: { case: undefined } } : { value: { case: 'dimValue' as const, value: BigInt(size) } },
  );
  const tensor = dim === undefined ? { elemType } : { elemType, shape: { dim } };
  return create(ValueInfoProtoSchema, { name, type: { value: { case: 'tensorType', value: tensor } } });
}
