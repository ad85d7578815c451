import type { GraphProto, ValueInfoProto } from '@plumbline/contract-onnx';
import { classifierOutputs } from './classifier-outputs.ts';
import { tensorOutput } from './graph-edits.ts';

/**
 * Corrects the shape of labels. LightGBM's converter declares one label whatever the number of rows; a classifier of
 * ai.onnx.ml gives one per row. Only where every input may have any number of rows. Edits the graph; returns whether it
 * did.
 */
export function openLabelRows(graph: GraphProto): boolean {
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !constants.has(name));
  if (!inputs.every(({ type }) => hasOpenRows(type))) return false;
  const kindOf = classifierOutputs(graph);
  let edited = false;
  graph.output = graph.output.map((output) => {
    const type = output.type?.value;
    if (type?.case !== 'tensorType' || !isOneValue(output) || kindOf(output.name) !== 'labels') return output;
    edited = true;
    return tensorOutput(output.name, type.value.elemType, [-1]);
  });
  return edited;
}

type Type = ValueInfoProto['type'];

function hasOpenRows(type: Type): boolean {
  const dim = type?.value.case === 'tensorType' ? type.value.value.shape?.dim : undefined;
  return dim !== undefined && dim.length > 0 && dim[0]?.value.case !== 'dimValue';
}

function isOneValue({ type }: ValueInfoProto): boolean {
  const dim = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
  return dim.length === 1 && dim[0]?.value.case === 'dimValue' && dim[0].value.value === 1n;
}
