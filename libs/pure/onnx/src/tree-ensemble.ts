import type { AttributeValue } from './attribute.ts';
import type { NodeSpec } from './build-model.ts';

/** One binary decision tree in flat arrays, one entry per node, root first; leaves have `feature` -1. */
export interface EnsembleTree {
  readonly feature: ArrayLike<number>;
  /** A row goes left when its value is `<=` this, compared in float32. */
  readonly threshold: ArrayLike<number>;
  /** 1: rows without a value (NaN) go left. */
  readonly missingLeft: ArrayLike<number>;
  readonly left: ArrayLike<number>;
  readonly right: ArrayLike<number>;
  /** What a leaf adds to the logit. */
  readonly value: ArrayLike<number>;
}

export interface TreeEnsemble {
  /** Logit of a row before any tree. */
  readonly base: number;
  /** At least one. */
  readonly trees: readonly EnsembleTree[];
}

/** Names of the values around the node: a float matrix [N, F] in, labels [N] and probabilities [N, 2] out. */
export interface ClassifierNames {
  readonly features: string;
  readonly label: string;
  readonly probabilities: string;
}

interface NodeColumns {
  readonly treeIds: number[];
  readonly nodeIds: number[];
  readonly features: number[];
  readonly modes: string[];
  readonly values: number[];
  readonly left: number[];
  readonly right: number[];
  readonly missing: number[];
}

interface LeafColumns {
  readonly treeIds: number[];
  readonly nodeIds: number[];
  readonly weights: number[];
}

const LEAF = -1;

/**
 * A binary TreeEnsembleClassifier (ai.onnx.ml 3). Column 1 of its probabilities is the logistic function of the base
 * value plus the leaf values. All weights belong to one class id, which runtimes take as the binary case.
 */
export function treeEnsembleClassifier(ensemble: TreeEnsemble, names: ClassifierNames): NodeSpec {
  return {
    operator: 'TreeEnsembleClassifier',
    domain: 'ai.onnx.ml',
    inputs: [names.features],
    outputs: [names.label, names.probabilities],
    attributes: {
      ...nodeAttributes(nodeColumns(ensemble.trees)),
      ...leafAttributes(leafColumns(ensemble.trees)),
      base_values: { floats: [ensemble.base] },
      classlabels_int64s: { ints: [0, 1] },
      post_transform: { text: 'LOGISTIC' },
    },
  };
}

function nodeColumns(trees: readonly EnsembleTree[]): NodeColumns {
  const columns: NodeColumns = {
    treeIds: [],
    nodeIds: [],
    features: [],
    modes: [],
    values: [],
    left: [],
    right: [],
    missing: [],
  };
  for (const [treeId, tree] of trees.entries()) {
    for (let node = 0; node < tree.feature.length; node += 1) pushNode(columns, treeId, tree, node);
  }
  return columns;
}

function pushNode(columns: NodeColumns, treeId: number, tree: EnsembleTree, node: number): void {
  const feature = tree.feature[node]!;
  const isLeaf = feature === LEAF;
  columns.treeIds.push(treeId);
  columns.nodeIds.push(node);
  columns.features.push(isLeaf ? 0 : feature);
  columns.modes.push(isLeaf ? 'LEAF' : 'BRANCH_LEQ');
  columns.values.push(isLeaf ? 0 : tree.threshold[node]!);
  columns.left.push(isLeaf ? 0 : tree.left[node]!);
  columns.right.push(isLeaf ? 0 : tree.right[node]!);
  columns.missing.push(isLeaf ? 0 : tree.missingLeft[node]!);
}

function leafColumns(trees: readonly EnsembleTree[]): LeafColumns {
  const columns: LeafColumns = { treeIds: [], nodeIds: [], weights: [] };
  for (const [treeId, tree] of trees.entries()) {
    for (let node = 0; node < tree.feature.length; node += 1) {
      if (tree.feature[node] !== LEAF) continue;
      columns.treeIds.push(treeId);
      columns.nodeIds.push(node);
      columns.weights.push(tree.value[node]!);
    }
  }
  return columns;
}

function nodeAttributes(columns: NodeColumns): Record<string, AttributeValue> {
  return {
    nodes_treeids: { ints: columns.treeIds },
    nodes_nodeids: { ints: columns.nodeIds },
    nodes_featureids: { ints: columns.features },
    nodes_modes: { texts: columns.modes },
    nodes_values: { floats: columns.values },
    nodes_truenodeids: { ints: columns.left },
    nodes_falsenodeids: { ints: columns.right },
    nodes_missing_value_tracks_true: { ints: columns.missing },
  };
}

function leafAttributes(columns: LeafColumns): Record<string, AttributeValue> {
  return {
    class_treeids: { ints: columns.treeIds },
    class_nodeids: { ints: columns.nodeIds },
    class_ids: { ints: columns.treeIds.map(() => 0) },
    class_weights: { floats: columns.weights },
  };
}
