import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  CompactTree,
  ProofError,
  completeSubtrees,
  foldSubtrees,
  hashRanges,
  leafHash,
  nodesOf,
  planConsistency,
  planInclusion,
  verifyConsistency,
  verifyInclusion,
  type Hash,
  type LeafRange,
  type NodeAddress,
} from './index.ts';
import { naivePath, naiveProof, naiveRoot } from './naive-tree.fixture.ts';

const MAX_LEAVES = 130;
const ALL = Array.from({ length: MAX_LEAVES }, (_, index) => leafHash(Buffer.from(String(index))));
const key = ({ level, position }: NodeAddress) => `${level}/${String(position)}`;
const nodes = new Map<string, Hash>();
const whole = CompactTree.empty();
for (const leaf of ALL) whole.append(leaf, (address, hash) => nodes.set(key(address), hash));

const prove = (ranges: LeafRange[]) =>
  hashRanges(ranges, (address) => {
    const hash = nodes.get(key(address));
    if (!hash) throw new Error(`no node ${key(address)}`);
    return hash;
  });
const rootOf = (size: number) => naiveRoot(ALL.slice(0, size));
const sizes = fc.integer({ min: 1, max: MAX_LEAVES });
const leafInTree = sizes.chain((size) => fc.tuple(fc.integer({ min: 0, max: size - 1 }), fc.constant(size)));
const twoSizes = sizes.chain((second) => fc.tuple(fc.integer({ min: 1, max: second }), fc.constant(second)));

const inclusionOf = (index: number, size: number) => ({
  leaf: ALL[index]!,
  index: BigInt(index),
  size: BigInt(size),
  root: rootOf(size),
  proof: prove(planInclusion(BigInt(index), BigInt(size))),
});
const consistencyOf = (first: number, second: number) => ({
  firstSize: BigInt(first),
  firstRoot: rootOf(first),
  secondSize: BigInt(second),
  secondRoot: rootOf(second),
  proof: prove(planConsistency(BigInt(first), BigInt(second))),
});

describe('the compact tree', () => {
  it('has the root that the recursive definition gives, at every size', () => {
    const tree = CompactTree.empty();
    ALL.forEach((leaf, index) => {
      expect(tree.append(leaf)).toBe(BigInt(index));
      expect(tree.root()).toEqual(rootOf(index + 1));
    });
  });

  it('goes on from its peaks as if it had never stopped', () => {
    fc.assert(
      fc.property(twoSizes, ([first, second]) => {
        const before = CompactTree.empty();
        for (const leaf of ALL.slice(0, first)) before.append(leaf);
        const after = CompactTree.resume(before.size, before.peaks);
        for (const leaf of ALL.slice(first, second)) after.append(leaf);
        expect(after.root()).toEqual(rootOf(second));
      }),
    );
  });

  it('reports every complete subtree once, with the hash of its leaves', () => {
    expect(nodes.size).toBe(completeNodesOf(MAX_LEAVES));
    for (const [address, hash] of nodes) {
      const [level, position] = address.split('/').map(Number) as [number, number];
      expect(hash).toEqual(naiveRoot(ALL.slice(position << level, (position + 1) << level)));
    }
  });

  it('refuses peaks that do not fit its size', () => {
    expect(() => CompactTree.resume(3n, [ALL[0]!])).toThrow(RangeError);
  });
});

describe('complete subtrees', () => {
  it('cover any range without overlap, each aligned to its own width', () => {
    const bound = fc.bigInt({ min: 0n, max: 1n << 62n });
    fc.assert(
      fc.property(bound, bound, (a, b) => {
        const range = a < b ? { begin: a, end: b } : { begin: b, end: a };
        let at = range.begin;
        for (const { level, position } of completeSubtrees(range)) {
          expect(position << BigInt(level)).toBe(at);
          at += 1n << BigInt(level);
        }
        expect(at).toBe(range.end);
      }),
    );
  });

  it('have no hash when there are none', () => {
    expect(() => foldSubtrees([])).toThrow(RangeError);
  });
});

describe('inclusion proofs', () => {
  it('equal the recursive definition and verify', () => {
    fc.assert(
      fc.property(leafInTree, ([index, size]) => {
        const claim = inclusionOf(index, size);
        expect(claim.proof).toEqual(naivePath(index, ALL.slice(0, size)));
        verifyInclusion(claim);
      }),
      { numRuns: 300 },
    );
  });

  it('fail when a hash, the leaf, the root, the index or the size is another', () => {
    fc.assert(
      fc.property(leafInTree, fc.nat(), ([index, size], pick) => {
        const claim = inclusionOf(index, size);
        const other = randomBytes(32);
        refuses(() => verifyInclusion({ ...claim, leaf: other }));
        refuses(() => verifyInclusion({ ...claim, root: other }));
        refuses(() => verifyInclusion({ ...claim, proof: [...claim.proof, other] }));
        if (claim.proof.length === 0) return;
        refuses(() => verifyInclusion({ ...claim, proof: claim.proof.slice(1) }));
        refuses(() => verifyInclusion({ ...claim, proof: replaced(claim.proof, pick, other) }));
        const elsewhere = BigInt((index + 1 + (pick % (size - 1))) % size);
        refuses(() => verifyInclusion({ ...claim, index: elsewhere }));
      }),
    );
  });

  it('are refused for leaves outside the tree and for hashes of another length', () => {
    const claim = inclusionOf(3, 8);
    refuses(() => verifyInclusion({ ...claim, index: 8n }), 'MALFORMED');
    refuses(() => verifyInclusion({ ...claim, index: -1n }), 'MALFORMED');
    refuses(
      () => verifyInclusion({ ...claim, proof: claim.proof.map((hash) => hash.slice(1)) }),
      'MALFORMED',
    );
    expect(() => planInclusion(8n, 8n)).toThrow(RangeError);
    expect(() => planInclusion(-1n, 8n)).toThrow(RangeError);
  });

  it('stay logarithmic in trees of more leaves than a double can count', () => {
    const size = (1n << 60n) + 12345n;
    const plan = planInclusion(size - 1n, size);
    expect(plan.length).toBeLessThanOrEqual(61);
    expect(nodesOf(plan).length).toBeLessThanOrEqual(122);
  });
});

describe('consistency proofs', () => {
  it('equal the recursive definition and verify', () => {
    fc.assert(
      fc.property(twoSizes, ([first, second]) => {
        const claim = consistencyOf(first, second);
        expect(claim.proof).toEqual(naiveProof(first, ALL.slice(0, second)));
        verifyConsistency(claim);
      }),
      { numRuns: 300 },
    );
  });

  it('fail when a hash or a root is another, or the proof is longer or shorter', () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), ([first, second], pick) => {
        const claim = consistencyOf(first, second);
        const other = randomBytes(32);
        refuses(() => verifyConsistency({ ...claim, firstRoot: other }));
        refuses(() => verifyConsistency({ ...claim, secondRoot: other }));
        refuses(() => verifyConsistency({ ...claim, proof: [...claim.proof, other] }));
        if (claim.proof.length === 0) return;
        refuses(() => verifyConsistency({ ...claim, proof: claim.proof.slice(1) }));
        refuses(() => verifyConsistency({ ...claim, proof: replaced(claim.proof, pick, other) }));
      }),
    );
  });

  it('are refused from the empty tree, and from a larger to a smaller one', () => {
    const claim = consistencyOf(3, 8);
    refuses(() => verifyConsistency({ ...claim, firstSize: 0n }), 'MALFORMED');
    refuses(() => verifyConsistency({ ...claim, firstSize: 9n }), 'MALFORMED');
    refuses(() => verifyConsistency({ ...claim, proof: [] }), 'MALFORMED');
    expect(() => planConsistency(0n, 8n)).toThrow(RangeError);
    expect(() => planConsistency(9n, 8n)).toThrow(RangeError);
  });

  it('never verify a tree whose past was rewritten', () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), ([first, second], pick) => {
        const forged = [...ALL.slice(0, second)];
        forged[pick % first] = randomBytes(32);
        const proof = naiveProof(first, forged);
        const claim = { ...consistencyOf(first, second), secondRoot: naiveRoot(forged), proof };
        refuses(() => verifyConsistency(claim));
      }),
    );
  });
});

function refuses(attempt: () => void, failure?: string): void {
  let thrown: unknown;
  try {
    attempt();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ProofError);
  if (failure !== undefined) expect((thrown as ProofError).failure).toBe(failure);
}

function replaced(hashes: readonly Hash[], pick: number, hash: Hash): Hash[] {
  return hashes.with(pick % hashes.length, hash);
}

function completeNodesOf(size: number): number {
  let count = 0;
  for (let width = 1; width <= size; width *= 2) count += Math.floor(size / width);
  return count;
}
