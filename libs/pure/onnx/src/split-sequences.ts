import { create } from '@bufbuild/protobuf';
import {
  NodeProtoSchema,
  type GraphProto,
  type NodeProto,
  type ValueInfoProto,
} from '@plumbline/contract-onnx';
import { classifierOutputs } from './classifier-outputs.ts';
import { tensorOutput, valuesRead } from './graph-edits.ts';

/**
 * Makes tensors of outputs that are sequences of tensors. Exports of scikit-learn's multi-output classifiers end in a
 * SequenceConstruct of one probability matrix per target. The output `p` becomes `p_0`, `p_1`, …, in its place and
 * order. A sequence that other nodes read stays, as does one whose new names are taken. Edits the graph; returns
 * whether it did.
 */
export function splitSequences(graph: GraphProto): boolean {
  const read = valuesRead(graph);
  const kindOf = classifierOutputs(graph);
  const shapeOf = (name: string) => (kindOf(name) === 'scores' ? [-1, -1] : undefined);
  const parts = new Map<string, { readonly node: NodeProto; readonly outputs: readonly ValueInfoProto[] }>();
  for (const node of graph.node) {
    const [name = ''] = node.output;
    const type = graph.output.find((output) => output.name === name)?.type?.value;
    const element = type?.case === 'sequenceType' ? type.value.elemType?.value : undefined;
    if (node.opType !== 'SequenceConstruct' || element?.case !== 'tensorType' || read.has(name)) continue;
    const outputs = node.input.map((input, index) =>
      tensorOutput(`${name}_${index}`, element.value.elemType, shapeOf(input)),
    );
    if (outputs.every((output) => isFree(graph, output.name))) parts.set(name, { node, outputs });
  }
  if (parts.size === 0) return false;
  graph.output = graph.output.flatMap((output) => parts.get(output.name)?.outputs ?? [output]);
  graph.node = graph.node.flatMap((node) => {
    const split = parts.get(node.output[0] ?? '');
    return split?.node === node
      ? split.outputs.map(({ name }, index) => copyNode(node, index, name))
      : [node];
  });
  return true;
}

function copyNode({ input }: NodeProto, index: number, name: string): NodeProto {
  return create(NodeProtoSchema, { name, opType: 'Identity', input: [input[index] ?? ''], output: [name] });
}

function isFree(graph: GraphProto, name: string): boolean {
  const values = [...graph.input, ...graph.initializer].map((each) => each.name);
  return !values.includes(name) && !graph.node.some(({ output }) => output.includes(name));
}
