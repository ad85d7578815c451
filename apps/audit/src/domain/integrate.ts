import {
  CompactTree,
  completeSubtrees,
  leafHash,
  signCheckpoint,
  type Hash,
  type NodeAddress,
  type NoteSigner,
} from '@plumbline/merkle';
import { type Segment } from './segment.ts';
import { unpackSegment } from './segment-codec.ts';
import { KEPT_LEVELS, readNodes, type TreeStore } from './tree-reader.ts';

/** The tree that the newest checkpoint states. */
export interface PublishedTree {
  readonly size: bigint;
  /** C2SP signed note. */
  readonly checkpoint: string;
}

/** A tree that grew. */
export interface TreeGrowth extends PublishedTree {
  /** New complete subtrees of the kept levels. */
  readonly nodes: readonly (NodeAddress & { readonly hash: Hash })[];
  readonly signedAtUs: bigint;
}

/** The tree within one transaction that holds its lock. */
export interface TreeTables extends TreeStore {
  /** Locks the tree and gives its size; undefined while another process has it. */
  lockTree(): Promise<bigint | undefined>;
  /** Committed segments from this leaf on, ascending, holding at most about `maxLeaves`. */
  segmentsFrom(leafIndex: bigint, maxLeaves: number): Promise<readonly Segment[]>;
  grow(growth: TreeGrowth): Promise<void>;
}

export interface IntegrationStore {
  transaction<T>(work: (tables: TreeTables) => Promise<T>): Promise<T>;
}

export interface IntegratorOptions {
  readonly store: IntegrationStore;
  readonly signer: NoteSigner;
  readonly clock: { nowUs(): bigint };
  /** Leaves in one transaction. */
  readonly maxLeaves: number;
}

/**
 * Makes the function that moves committed leaves into the tree and signs the result, one transaction per call: the
 * tree, its nodes and its checkpoint change together or not at all, so a process may be killed anywhere. Resolves to
 * the published tree, or undefined when there was nothing to do or another process was at it.
 */
export function createIntegration(options: IntegratorOptions): () => Promise<PublishedTree | undefined> {
  const { store, signer, clock, maxLeaves } = options;
  /** The tree of the last call, spared from being read again; dropped when its transaction fails. */
  let kept: CompactTree | undefined;

  async function integrate(tables: TreeTables): Promise<PublishedTree | undefined> {
    const size = await tables.lockTree();
    if (size === undefined) return undefined;
    const segments = await tables.segmentsFrom(size, maxLeaves);
    if (segments.length === 0) return undefined;
    const tree = kept?.size === size ? kept : await resumeTree(tables, size);
    kept = undefined;
    const nodes = appendSegments(tree, segments);
    const origin = signer.verifier.name;
    const checkpoint = signCheckpoint({ origin, size: tree.size, root: tree.root(), extensions: [] }, [
      signer,
    ]);
    await tables.grow({ size: tree.size, checkpoint, nodes, signedAtUs: clock.nowUs() });
    kept = tree;
    return { size: tree.size, checkpoint };
  }

  return async () => {
    try {
      return await store.transaction(integrate);
    } catch (error) {
      kept = undefined;
      throw error;
    }
  };
}

async function resumeTree(store: TreeStore, size: bigint): Promise<CompactTree> {
  const peaks = completeSubtrees({ begin: 0n, end: size });
  return CompactTree.resume(size, peaks.map(await readNodes(store, peaks)));
}

function appendSegments(tree: CompactTree, segments: readonly Segment[]): TreeGrowth['nodes'] {
  const nodes: (NodeAddress & { hash: Hash })[] = [];
  const keep = (address: NodeAddress, hash: Hash) => {
    if (address.level > 0 && address.level % KEPT_LEVELS === 0) nodes.push({ ...address, hash });
  };
  for (const segment of segments) {
    if (segment.firstIndex !== tree.size) {
      throw new Error(`leaf ${String(tree.size)} is missing: the next is ${String(segment.firstIndex)}`);
    }
    for (const entry of unpackSegment(segment.packed, segment.tenant)) tree.append(leafHash(entry), keep);
  }
  return nodes;
}
