import { LEAF, type Tree } from './forest.ts';
import type { Split } from './split.ts';

/** Collects the nodes of one tree; node numbers ascend from the root's 0. */
export interface TreeBuilder {
  /** Adds a leaf and answers its node number. */
  leaf(value: number): number;
  /** Turns a leaf into a branch on the split's feature at `edge`. */
  branch(node: number, split: Split, edge: number, left: number, right: number): void;
  finish(): Tree;
}

export function treeBuilder(leaves: number): TreeBuilder {
  const capacity = 2 * leaves - 1;
  const feature = new Int16Array(capacity).fill(LEAF);
  const threshold = new Float32Array(capacity);
  const missingLeft = new Uint8Array(capacity);
  const left = new Int16Array(capacity);
  const right = new Int16Array(capacity);
  const value = new Float32Array(capacity);
  let count = 0;
  return {
    leaf(leafValue) {
      value[count] = leafValue;
      count += 1;
      return count - 1;
    },
    branch(node, split, edge, leftNode, rightNode) {
      feature[node] = split.feature;
      threshold[node] = edge;
      missingLeft[node] = split.missingLeft ? 1 : 0;
      left[node] = leftNode;
      right[node] = rightNode;
      value[node] = 0;
    },
    finish: () => ({
      feature: feature.slice(0, count),
      threshold: threshold.slice(0, count),
      missingLeft: missingLeft.slice(0, count),
      left: left.slice(0, count),
      right: right.slice(0, count),
      value: value.slice(0, count),
    }),
  };
}
