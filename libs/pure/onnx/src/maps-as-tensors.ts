import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
} from '@plumbline/contract-onnx';

/** A model whose outputs are all tensors where they could be made so. */
export interface TensorModel {
  readonly model: Uint8Array;
  /** Labels of the columns of outputs that were maps before, by output name. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

const OPERATOR = 'ZipMap';
const NO_LABELS: ReadonlyMap<string, readonly string[]> = new Map();

/**
 * Makes tensors of outputs that are sequences of maps. Exports of scikit-learn, LightGBM and XGBoost classifiers end in
 * ai.onnx.ml's ZipMap, which turns an FP32 tensor [rows, classes] into one map per row from label to probability; some
 * runtimes, Node's among them, cannot return that. The output keeps its name and is that tensor, columns in the order of
 * the labels. A model without such an output is returned as it is; a ZipMap whose result other nodes read stays.
 * Takes bytes that have been found to be a model.
 */
export function mapsAsTensors(bytes: Uint8Array): TensorModel {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!text.includes(OPERATOR)) return { model: bytes, labels: NO_LABELS };
  const model = fromBinary(ModelProtoSchema, bytes);
  const labels = model.graph === undefined ? NO_LABELS : unzip(model.graph);
  return labels.size === 0 ? { model: bytes, labels } : { model: toBinary(ModelProtoSchema, model), labels };
}

function unzip(graph: GraphProto): Map<string, readonly string[]> {
  const read = new Set(graph.node.flatMap(({ input }) => input));
  const labels = new Map<string, readonly string[]>();
  for (const node of graph.node) {
    const [name = ''] = node.output;
    const at = graph.output.findIndex((output) => output.name === name);
    if (node.opType !== OPERATOR || node.domain !== 'ai.onnx.ml' || at < 0 || read.has(name)) continue;
    const columns = labelsOf(node);
    labels.set(name, columns);
    passOn(node);
    graph.output[at] = matrix(name, columns.length);
  }
  return labels;
}

/** The node now hands its input on under its output's name. */
function passOn(node: NodeProto): void {
  node.opType = 'Identity';
  node.domain = '';
  node.attribute = [];
}

function labelsOf({ attribute }: NodeProto): string[] {
  const named = (name: string): AttributeProto | undefined => attribute.find((each) => each.name === name);
  const texts = named('classlabels_strings')?.strings ?? [];
  if (texts.length > 0) return texts.map((bytes) => Buffer.from(bytes).toString());
  return (named('classlabels_int64s')?.ints ?? []).map(String);
}

function matrix(name: string, columns: number) {
  const rows = { value: { case: undefined } };
  const dim =
    columns === 0 ? [rows, rows] : [rows, { value: { case: 'dimValue' as const, value: BigInt(columns) } }];
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: DataType.FLOAT, shape: { dim } } } },
  });
}
