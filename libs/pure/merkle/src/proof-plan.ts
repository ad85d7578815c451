import { splitPoint, type LeafRange } from './leaf-range.ts';

/**
 * The ranges whose hashes are RFC 6962's inclusion proof of leaf `index` in the tree of `size` leaves (§2.1.1),
 * from the leaf's sibling upwards. Throws RangeError unless 0 ≤ index < size.
 */
export function planInclusion(index: bigint, size: bigint): LeafRange[] {
  if (index < 0n || index >= size) {
    throw new RangeError(`leaf ${String(index)} is not in a tree of ${String(size)} leaves`);
  }
  const siblings: LeafRange[] = [];
  let tree: LeafRange = { begin: 0n, end: size };
  while (tree.end - tree.begin > 1n) {
    const { left, right } = split(tree);
    const inLeft = index < left.end;
    siblings.unshift(inLeft ? right : left);
    tree = inLeft ? left : right;
  }
  return siblings;
}

/**
 * The ranges whose hashes are RFC 6962's proof that the tree of `second` leaves extends the one of `first` (§2.1.2),
 * in the order of the proof. Empty for equal sizes. Throws RangeError unless 1 ≤ first ≤ second: every tree extends
 * the empty one, so a proof from size 0 would prove nothing.
 */
export function planConsistency(first: bigint, second: bigint): LeafRange[] {
  if (first < 1n || first > second) {
    throw new RangeError(`no proof leads from ${String(first)} to ${String(second)} leaves`);
  }
  const hashes: LeafRange[] = [];
  let tree: LeafRange = { begin: 0n, end: second };
  while (tree.end !== first) {
    const { left, right } = split(tree);
    const inLeft = first <= left.end;
    hashes.unshift(inLeft ? right : left);
    tree = inLeft ? left : right;
  }
  // The verifier knows the first root: it is told only when the first tree is not a complete subtree by itself.
  return tree.begin === 0n ? hashes : [tree, ...hashes];
}

function split(tree: LeafRange): { left: LeafRange; right: LeafRange } {
  const middle = tree.begin + splitPoint(tree.end - tree.begin);
  return { left: { begin: tree.begin, end: middle }, right: { begin: middle, end: tree.end } };
}
