import { foldSubtrees } from './compact-tree.ts';
import { type Hash } from './hash.ts';
import { completeSubtrees, type LeafRange, type NodeAddress } from './leaf-range.ts';

/** Looks a complete subtree's root up; throws when it is not there. */
export type NodeLookup = (address: NodeAddress) => Hash;

/** Every node that the hashes of `ranges` are folded from: what to read before `hashRanges`. */
export function nodesOf(ranges: readonly LeafRange[]): NodeAddress[] {
  return ranges.flatMap((range) => completeSubtrees(range));
}

/** The hash of each range (of a plan by `planInclusion` or `planConsistency`), in order: the proof itself. */
export function hashRanges(ranges: readonly LeafRange[], lookup: NodeLookup): Hash[] {
  return ranges.map((range) => foldSubtrees(completeSubtrees(range).map(lookup)));
}
