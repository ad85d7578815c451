import { EMPTY_ROOT, nodeHash, type Hash } from './hash.ts';
import { completeSubtrees, type NodeAddress } from './leaf-range.ts';

/** Told of each complete subtree as its last leaf arrives, leaves (level 0) included, children before parents. */
export type NodeVisitor = (address: NodeAddress, hash: Hash) => void;

/**
 * A Merkle tree that only grows, kept as the roots of its complete subtrees (its compact range): O(log size) memory,
 * amortised O(1) hashes per leaf. Not safe for concurrent use.
 */
export class CompactTree {
  #size: bigint;
  readonly #peaks: Hash[];

  private constructor(size: bigint, peaks: Hash[]) {
    this.#size = size;
    this.#peaks = peaks;
  }

  static empty(): CompactTree {
    return new CompactTree(0n, []);
  }

  /** Resumes from the hashes of `completeSubtrees({ begin: 0n, end: size })`, in that order. */
  static resume(size: bigint, peaks: readonly Hash[]): CompactTree {
    const expected = completeSubtrees({ begin: 0n, end: size }).length;
    if (peaks.length !== expected) {
      throw new RangeError(`a tree of ${String(size)} leaves has ${expected} peaks, got ${peaks.length}`);
    }
    return new CompactTree(size, [...peaks]);
  }

  /** Number of leaves. */
  get size(): bigint {
    return this.#size;
  }

  /** Roots of the complete subtrees, left to right; what `resume` takes. */
  get peaks(): readonly Hash[] {
    return this.#peaks;
  }

  /** Adds one leaf and returns its index. */
  append(leaf: Hash, visit?: NodeVisitor): bigint {
    const index = this.#size;
    let hash = leaf;
    let level = 0;
    visit?.({ level, position: index }, hash);
    for (let position = index; (position & 1n) === 1n; position >>= 1n) {
      hash = nodeHash(this.#popPeak(), hash);
      level += 1;
      visit?.({ level, position: position >> 1n }, hash);
    }
    this.#peaks.push(hash);
    this.#size = index + 1n;
    return index;
  }

  /** The RFC 6962 tree hash of all leaves so far. */
  root(): Hash {
    return this.#size === 0n ? EMPTY_ROOT : foldSubtrees(this.#peaks);
  }

  #popPeak(): Hash {
    const peak = this.#peaks.pop();
    if (peak === undefined) throw new Error('a compact tree lost a peak');
    return peak;
  }
}

/** The hash of a range from the hashes of its complete subtrees, left to right. Throws RangeError on none. */
export function foldSubtrees(hashes: readonly Hash[]): Hash {
  if (hashes.length === 0) throw new RangeError('a range without leaves has no hash');
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}
