import {
  TensorProto_DataType as DataType,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
} from '@plumbline/contract-onnx';
import { passOn, tensorOutput, valuesRead } from './graph-edits.ts';

/**
 * Makes tensors of outputs that are sequences of maps. Exports of scikit-learn, LightGBM and XGBoost classifiers end in
 * ai.onnx.ml's ZipMap, which turns an FP32 tensor [rows, classes] into one map per row from label to probability. The
 * output keeps its name and becomes that tensor, columns in the order of the labels. A ZipMap whose result other nodes
 * read stays. Edits the graph; returns the labels of the columns by output.
 */
export function unzipMaps(graph: GraphProto): Map<string, readonly string[]> {
  const read = valuesRead(graph);
  const labels = new Map<string, readonly string[]>();
  for (const node of graph.node) {
    const [name = ''] = node.output;
    const at = graph.output.findIndex((output) => output.name === name);
    if (node.opType !== 'ZipMap' || node.domain !== 'ai.onnx.ml' || at < 0 || read.has(name)) continue;
    const columns = labelsOf(node);
    labels.set(name, columns);
    passOn(node);
    graph.output[at] = tensorOutput(name, DataType.FLOAT, [-1, columns.length === 0 ? -1 : columns.length]);
  }
  return labels;
}

function labelsOf({ attribute }: NodeProto): string[] {
  const named = (name: string): AttributeProto | undefined => attribute.find((each) => each.name === name);
  const texts = named('classlabels_strings')?.strings ?? [];
  if (texts.length > 0) return texts.map((bytes) => Buffer.from(bytes).toString());
  return (named('classlabels_int64s')?.ints ?? []).map(String);
}
