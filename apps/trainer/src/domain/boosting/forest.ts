/**
 * One binary decision tree in flat arrays, one entry per node, root first. A row goes to `left[node]` when its
 * value is `<= threshold[node]` (float32 comparison) or is missing and `missingLeft[node]` is 1, else to
 * `right[node]`. A leaf has `feature[node] === LEAF` and its contribution in `value[node]`.
 */
export interface Tree {
  readonly feature: Int16Array;
  readonly threshold: Float32Array;
  readonly missingLeft: Uint8Array;
  readonly left: Int16Array;
  readonly right: Int16Array;
  readonly value: Float32Array;
}

export const LEAF = -1;

/** A binary classifier: P(positive) = 1 / (1 + exp(-(base + sum of the trees' leaf values))). */
export interface Forest {
  readonly columns: readonly string[];
  readonly base: number;
  readonly trees: readonly Tree[];
}

/** The leaf value that `tree` gives to the row starting at `offset` of a row-major matrix. */
export function leafValue(tree: Tree, values: Float32Array, offset: number): number {
  let node = 0;
  for (;;) {
    const feature = tree.feature[node]!;
    if (feature === LEAF) return tree.value[node]!;
    const value = values[offset + feature]!;
    const goesLeft = Number.isNaN(value) ? tree.missingLeft[node] === 1 : value <= tree.threshold[node]!;
    node = goesLeft ? tree.left[node]! : tree.right[node]!;
  }
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** P(positive) of every row of a row-major float32 matrix, summed in double. */
export function predictForest(forest: Forest, values: Float32Array): Float64Array {
  const width = forest.columns.length;
  const scores = new Float64Array(values.length / width);
  for (let row = 0; row < scores.length; row += 1) {
    let logit = forest.base;
    for (const tree of forest.trees) logit += leafValue(tree, values, row * width);
    scores[row] = sigmoid(logit);
  }
  return scores;
}
