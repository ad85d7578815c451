import { HASH_BYTES, equalHashes, nodeHash, type Hash } from './hash.ts';

/** Why a proof is not believed. */
export type ProofFailure = 'MALFORMED' | 'ROOT_MISMATCH';

/** A proof that does not hold. Whoever gave it is wrong or lying: never use what it was to prove. */
export class ProofError extends Error {
  readonly failure: ProofFailure;

  constructor(failure: ProofFailure, message: string) {
    super(message);
    this.name = 'ProofError';
    this.failure = failure;
  }
}

/** A claim that `leaf` is the leaf hash at `index` of the tree of `size` leaves with hash `root`. */
export interface InclusionClaim {
  readonly leaf: Hash;
  readonly index: bigint;
  readonly size: bigint;
  readonly root: Hash;
  /** Sibling hashes from the leaf upwards. */
  readonly proof: readonly Hash[];
}

/** A claim that the tree (secondSize, secondRoot) extends the tree (firstSize, firstRoot). */
export interface ConsistencyClaim {
  readonly firstSize: bigint;
  readonly firstRoot: Hash;
  readonly secondSize: bigint;
  readonly secondRoot: Hash;
  /** Hashes in the order of RFC 6962 §2.1.2. */
  readonly proof: readonly Hash[];
}

/** Returns when the claim holds, else throws ProofError. RFC 9162 §2.1.3.2. */
export function verifyInclusion(claim: InclusionClaim): void {
  const { index, size, proof } = claim;
  requireHashes([claim.leaf, claim.root, ...proof]);
  if (index < 0n || index >= size) {
    throw malformed(`leaf ${String(index)} is not in a tree of ${String(size)} leaves`);
  }
  const path = new Path(index, size - 1n);
  let hash = claim.leaf;
  for (const sibling of proof) {
    hash = path.climb() === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
  }
  path.requireTop();
  requireRoot(hash, claim.root, 'the proof');
}

/**
 * Returns when the claim holds, else throws ProofError. RFC 9162 §2.1.4.2. A first size of 0 is refused: every tree
 * extends the empty one.
 */
export function verifyConsistency(claim: ConsistencyClaim): void {
  const { firstSize, secondSize } = claim;
  requireHashes([claim.firstRoot, claim.secondRoot, ...claim.proof]);
  if (firstSize < 1n || firstSize > secondSize) {
    throw malformed(`no proof leads from ${String(firstSize)} to ${String(secondSize)} leaves`);
  }
  if (firstSize === secondSize) {
    if (claim.proof.length > 0) throw malformed('trees of one size need no proof');
    requireRoot(claim.secondRoot, claim.firstRoot, 'the second tree');
    return;
  }
  // A first tree that is one complete subtree is left out of the proof, because the verifier holds its root.
  const complete = (firstSize & (firstSize - 1n)) === 0n;
  const [start, ...rest] = complete ? [claim.firstRoot, ...claim.proof] : claim.proof;
  if (start === undefined) throw malformed('the proof is too short');
  const path = new Path(firstSize - 1n, secondSize - 1n);
  path.skipCommonRightEdge();
  let first = start;
  let second = start;
  for (const hash of rest) {
    if (path.climb() === 'left') {
      first = nodeHash(hash, first);
      second = nodeHash(hash, second);
    } else {
      second = nodeHash(second, hash);
    }
  }
  path.requireTop();
  requireRoot(first, claim.firstRoot, 'the proof of the first tree');
  requireRoot(second, claim.secondRoot, 'the proof of the second tree');
}

/** The climb from a node to the root; `last` is the rightmost node of the same level (fn and sn of RFC 9162). */
class Path {
  #node: bigint;
  #last: bigint;

  constructor(node: bigint, last: bigint) {
    this.#node = node;
    this.#last = last;
  }

  /** Consumes one sibling, and tells on which side of the node it lies. */
  climb(): 'left' | 'right' {
    if (this.#last === 0n) throw malformed('the proof is too long');
    const left = (this.#node & 1n) === 1n || this.#node === this.#last;
    if (left) {
      while ((this.#node & 1n) === 0n && this.#node !== 0n) this.#up();
    }
    this.#up();
    return left ? 'left' : 'right';
  }

  /** Climbs while the node is a right child: such levels are inside the first tree's last complete subtree. */
  skipCommonRightEdge(): void {
    while ((this.#node & 1n) === 1n) this.#up();
  }

  requireTop(): void {
    if (this.#last !== 0n) throw malformed('the proof is too short');
  }

  #up(): void {
    this.#node >>= 1n;
    this.#last >>= 1n;
  }
}

function requireHashes(hashes: readonly Hash[]): void {
  const odd = hashes.find((hash) => hash.length !== HASH_BYTES);
  if (odd) throw malformed(`a hash of ${odd.length} bytes`);
}

function requireRoot(actual: Hash, claimed: Hash, what: string): void {
  if (!equalHashes(actual, claimed)) throw new ProofError('ROOT_MISMATCH', `${what} leads to another root`);
}

function malformed(message: string): ProofError {
  return new ProofError('MALFORMED', message);
}
