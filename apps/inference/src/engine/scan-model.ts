import { FieldReader } from '@plumbline/wire';
import type { ScanLimits } from './protocol.ts';
import { scanFunction, scanGraph, startScan } from './scan-graph.ts';
import type { ModelRisks } from './trapping-division.ts';
import { UnsafeModel } from './unsafe-model.ts';
import { walk } from './walk-fields.ts';

/**
 * Walks a serialised onnx.ModelProto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) without decoding it and
 * refuses operators of domains that are not allow-listed unless the model defines them itself, tensors with external
 * data or with more elements than bytes for them, nodes that make gigabytes of constants alone, training
 * graphs, and more nodes, with functions expanded, or nesting than allowed. Costs some microseconds per node.
 * @throws UnsafeModel; WireError for bytes that are no protobuf.
 */
export function scanModel(model: Uint8Array, limits: ScanLimits): ModelRisks {
  const scan = startScan(limits);
  const defined = new Set<string>();
  let graphs = 0;
  walk(new FieldReader(model), {
    7: (field) => {
      graphs++;
      scanGraph(field.message(), scan, 0);
      scan.expanded.endGraph();
    },
    20: () => {
      throw new UnsafeModel('the model carries a training graph');
    },
    25: (field) => defined.add(scanFunction(field.message(), scan)),
  });
  if (graphs !== 1) throw new UnsafeModel(`the model has ${graphs} graphs`);
  const unknown = [...scan.foreign].find((operator) => !defined.has(operator));
  if (unknown !== undefined) throw new UnsafeModel(`the model uses the foreign operator ${unknown}`);
  scan.expanded.check(limits.maxNodes);
  const doubtful = scan.made.check(model.length);
  const risks = scan.divisions.find();
  return { ...risks, growth: risks.growth ?? doubtful };
}
