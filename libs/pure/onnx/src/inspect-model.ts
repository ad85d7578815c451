import { fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type TensorShapeProto,
  type ValueInfoProto,
} from '@plumbline/contract-onnx';
import type { TensorInfo } from './build-model.ts';
import { oipDatatype } from './data-type.ts';

/** What a model says about itself. */
export interface ModelInspection {
  readonly irVersion: number;
  readonly producer: { readonly name: string; readonly version: string };
  /** Version by operator domain; "" is ai.onnx. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Without initializers, which older models also list as inputs. */
  readonly inputs: readonly ModelValue[];
  readonly outputs: readonly ModelValue[];
  /** Operators used, "domain:name" outside ai.onnx, sorted, subgraphs and functions included. */
  readonly operators: readonly string[];
  /** Files beside the model that hold tensors, sorted; they may name any path, so check them. */
  readonly externalFiles: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
}

/** An input or output: a tensor, or something that only in-process callers can take. */
export type ModelValue =
  | ({ readonly kind: 'tensor' } & TensorInfo)
  | { readonly kind: 'sequence' | 'map' | 'unknown'; readonly name: string };

/** The bytes are not an ONNX model. */
export class OnnxFormatError extends Error {
  constructor(problem: string, options?: ErrorOptions) {
    super(`not an ONNX model: ${problem}`, options);
    this.name = 'OnnxFormatError';
  }
}

/** Reads a model's interface and needs without running it. Throws OnnxFormatError. */
export function inspectModel(bytes: Uint8Array): ModelInspection {
  const model = parse(bytes);
  const graph = model.graph;
  if (!graph || model.irVersion === 0n) throw new OnnxFormatError('it has no graph or no IR version');
  const nodes = [...nodesOf(graph), ...model.functions.flatMap((each) => each.node.flatMap(withSubgraphs))];
  const constants = new Set(graph.initializer.map(({ name }) => name));
  return {
    irVersion: Number(model.irVersion),
    producer: { name: model.producerName, version: model.producerVersion },
    opsets: new Map(model.opsetImport.map(({ domain, version }) => [domain, Number(version)])),
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(valueOf),
    outputs: graph.output.map(valueOf),
    operators: [...new Set(nodes.map(operatorName))].sort(),
    externalFiles: externalFiles([...graph.initializer, ...nodes.flatMap(tensorsOf)]),
    properties: new Map(model.metadataProps.map(({ key, value }) => [key, value])),
  };
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new OnnxFormatError((error as Error).message, { cause: error });
  }
}

function nodesOf(graph: GraphProto): NodeProto[] {
  return graph.node.flatMap(withSubgraphs);
}

function withSubgraphs(node: NodeProto): NodeProto[] {
  return [node, ...subgraphsOf(node).flatMap(nodesOf)];
}

function subgraphsOf(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));
}

function tensorsOf(node: NodeProto): TensorProto[] {
  const own = node.attribute.flatMap(({ t, tensors }) => (t ? [t, ...tensors] : tensors));
  return [...own, ...subgraphsOf(node).flatMap((graph) => graph.initializer)];
}

function externalFiles(tensors: readonly TensorProto[]): string[] {
  const files = tensors
    .filter(({ dataLocation }) => dataLocation === DataLocation.EXTERNAL)
    .map(({ externalData }) => externalData.find(({ key }) => key === 'location')?.value ?? '');
  return [...new Set(files)].sort();
}

function operatorName({ domain, opType }: NodeProto): string {
  return domain === '' || domain === 'ai.onnx' ? opType : `${domain}:${opType}`;
}

function valueOf({ name, type }: ValueInfoProto): ModelValue {
  const value = type?.value;
  if (value?.case === 'sequenceType') return { kind: 'sequence', name };
  if (value?.case === 'mapType') return { kind: 'map', name };
  const datatype = value?.case === 'tensorType' ? oipDatatype(value.value.elemType) : undefined;
  if (value?.case !== 'tensorType' || datatype === undefined) return { kind: 'unknown', name };
  return { kind: 'tensor', name, datatype, shape: shapeOf(value.value.shape) };
}

function shapeOf(shape: TensorShapeProto | undefined): number[] {
  return (shape?.dim ?? []).map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : -1));
}
