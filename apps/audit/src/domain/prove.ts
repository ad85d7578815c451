import {
  hashRanges,
  nodesOf,
  planConsistency,
  planInclusion,
  type Hash,
  type LeafRange,
} from '@plumbline/merkle';
import { errors } from './errors.ts';
import { type Publication } from './publication.ts';
import { type RecordEntry } from './record.ts';
import { readNodes, type TreeStore } from './tree-reader.ts';

export interface InclusionProof {
  readonly entry: RecordEntry;
  readonly treeSize: bigint;
  /** Sibling hashes from the leaf upwards. */
  readonly hashes: readonly Hash[];
  /** The signed checkpoint of that tree; undefined when a tree older than the newest was asked for. */
  readonly checkpoint: string | undefined;
}

export interface Prover {
  /**
   * Proves a record in the tree of `treeSize` leaves, or of the newest checkpoint. Waits until the record, or the
   * tree, is published. Throws LEAF_NOT_IN_TREE, TREE_NOT_REACHED, or the signal's reason.
   */
  inclusion(entry: RecordEntry, treeSize: bigint | undefined, signal: AbortSignal): Promise<InclusionProof>;
  /** Proves that one tree extends another; waits like `inclusion`. Throws INVALID_QUERY, TREE_NOT_REACHED. */
  consistency(firstSize: bigint, secondSize: bigint, signal: AbortSignal): Promise<readonly Hash[]>;
}

export interface ProverOptions {
  readonly store: TreeStore;
  readonly publication: Publication;
  /** Number of committed leaves, integrated or not. */
  readonly committedSize: () => Promise<bigint>;
}

export function createProver({ store, publication, committedSize }: ProverOptions): Prover {
  async function published(size: bigint, signal: AbortSignal) {
    const tree = await publication.latest();
    if (tree.size >= size) return tree;
    const committed = await committedSize();
    if (size > committed) throw errors.TREE_NOT_REACHED(`the log has ${String(committed)} leaves`);
    return publication.covering(size, signal);
  }

  async function hashesOf(ranges: readonly LeafRange[]): Promise<Hash[]> {
    return hashRanges(ranges, await readNodes(store, nodesOf(ranges)));
  }

  return {
    async inclusion(entry, treeSize, signal) {
      const { leafIndex } = entry;
      if (treeSize !== undefined && leafIndex >= treeSize) {
        throw errors.LEAF_NOT_IN_TREE(
          `leaf ${String(leafIndex)} is not in a tree of ${String(treeSize)} leaves`,
        );
      }
      const newest = await published(treeSize ?? leafIndex + 1n, signal);
      const size = treeSize ?? newest.size;
      const hashes = await hashesOf(planInclusion(leafIndex, size));
      const checkpoint = size === newest.size ? newest.checkpoint : undefined;
      return { entry, treeSize: size, hashes, checkpoint };
    },
    async consistency(firstSize, secondSize, signal) {
      if (firstSize < 1n || firstSize > secondSize) {
        throw errors.INVALID_QUERY('sizes of a consistency proof are 1 ≤ first ≤ second');
      }
      await published(secondSize, signal);
      return hashesOf(planConsistency(firstSize, secondSize));
    },
  };
}
