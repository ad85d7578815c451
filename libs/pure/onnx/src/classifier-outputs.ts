import type { GraphProto, NodeProto } from '@plumbline/contract-onnx';

const CLASSIFIERS: ReadonlySet<string> = new Set([
  'TreeEnsembleClassifier',
  'LinearClassifier',
  'SVMClassifier',
]);
const HANDS_ON: ReadonlySet<string> = new Set(['Identity', 'Cast']);

/** Tells what a value is: labels [rows] or scores [rows, classes] of a classifier of ai.onnx.ml; else undefined. */
export function classifierOutputs(graph: GraphProto): (name: string) => 'labels' | 'scores' | undefined {
  const makers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  return (name) => {
    let at = name;
    // No way through a graph is longer than its nodes, unless it is a circle.
    for (let steps = makers.size; steps > 0; steps--) {
      const node = makers.get(at);
      if (node === undefined || !HANDS_ON.has(node.opType)) return node && outputOf(node, at);
      at = node.input[0] ?? '';
    }
    return undefined;
  };
}

function outputOf({ domain, opType, output }: NodeProto, name: string): 'labels' | 'scores' | undefined {
  if (domain !== 'ai.onnx.ml') return undefined;
  if (opType === 'Normalizer') return 'scores';
  if (!CLASSIFIERS.has(opType)) return undefined;
  return output[0] === name ? 'labels' : 'scores';
}
