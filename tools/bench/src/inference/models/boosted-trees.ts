import { buildModel, treeEnsembleClassifier, type EnsembleTree } from '@plumbline/onnx';
import { seededRandom, type Random } from '../../statistics/random.ts';

const NAMES = { features: 'x', label: 'label', probabilities: 'probabilities' };
const LEAF = -1;

/**
 * Random boosted trees as gradient boosting exports them: complete binary trees of one depth. x: FP32 [N, features] to
 * label: INT64 [N] and probabilities: FP32 [N, 2].
 */
export function boostedTrees(trees: number, depth: number, features: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  const ensemble = {
    base: 0,
    trees: Array.from({ length: trees }, () => completeTree(depth, features, random)),
  };
  return buildModel({
    name: 'boosted-trees',
    producer: { name: 'plumbline-bench', version: '' },
    inputs: [{ name: NAMES.features, datatype: 'FP32', shape: [-1, features] }],
    outputs: [
      { name: NAMES.label, datatype: 'INT64', shape: [-1] },
      { name: NAMES.probabilities, datatype: 'FP32', shape: [-1, 2] },
    ],
    nodes: [treeEnsembleClassifier(ensemble, NAMES)],
  });
}

/** Nodes in heap order: the children of node n are 2n + 1 and 2n + 2. */
function completeTree(depth: number, features: number, random: Random): EnsembleTree {
  const branches = 2 ** depth - 1;
  const nodes = Array.from({ length: 2 * branches + 1 }, (_, node) => node);
  const isLeaf = (node: number) => node >= branches;
  return {
    feature: nodes.map((node) => (isLeaf(node) ? LEAF : Math.floor(random() * features))),
    threshold: nodes.map(() => 2 * random() - 1),
    missingLeft: nodes.map(() => 0),
    left: nodes.map((node) => (isLeaf(node) ? 0 : 2 * node + 1)),
    right: nodes.map((node) => (isLeaf(node) ? 0 : 2 * node + 2)),
    value: nodes.map(() => (2 * random() - 1) / 20),
  };
}
