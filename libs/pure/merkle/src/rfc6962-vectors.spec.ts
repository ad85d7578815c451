import { describe, expect, it } from '@jest/globals';
import {
  CompactTree,
  EMPTY_ROOT,
  hashRanges,
  leafHash,
  nodeHash,
  planConsistency,
  planInclusion,
  verifyConsistency,
  verifyInclusion,
  type Hash,
  type LeafRange,
  type NodeAddress,
} from './index.ts';

// The vectors that certificate-transparency's merkle_tree_test and transparency-dev/merkle share.
const ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const A = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7';
const B = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e';
const C = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4';
const D = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b';
const E = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0';
const G = '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a';
const H = 'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f';
const [, R1 = '', R2 = '', , R4 = ''] = ROOTS;

const leaves = ENTRIES.map((entry) => leafHash(Buffer.from(entry, 'hex')));
const hex = (hash: Hash) => Buffer.from(hash).toString('hex');
const bytes = (text: string) => Buffer.from(text, 'hex');
const prove = (ranges: LeafRange[]) => hashRanges(ranges, treeLookup());

function treeLookup() {
  const nodes = new Map<string, Hash>();
  const key = ({ level, position }: NodeAddress) => `${level}/${String(position)}`;
  const tree = CompactTree.empty();
  for (const leaf of leaves) tree.append(leaf, (address, hash) => nodes.set(key(address), hash));
  return (address: NodeAddress) => nodes.get(key(address))!;
}

describe('the published vectors of RFC 6962 trees', () => {
  it('hash the empty tree', () => {
    expect(hex(EMPTY_ROOT)).toBe(ROOTS[0]);
    expect(hex(CompactTree.empty().root())).toBe(ROOTS[0]);
  });

  it('hash leaves and nodes apart', () => {
    expect(hex(leafHash(Buffer.from('L123456')))).toBe(
      '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56',
    );
    expect(hex(nodeHash(Buffer.from('N123'), Buffer.from('N456')))).toBe(
      'aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb',
    );
  });

  it('give the root of every size from 1 to 8', () => {
    const tree = CompactTree.empty();
    const roots = leaves.map((leaf) => {
      tree.append(leaf);
      return hex(tree.root());
    });
    expect(roots).toEqual(ROOTS.slice(1));
  });

  it.each([
    { index: 0, size: 8, proof: [A, B, C] },
    { index: 5, size: 8, proof: [D, E, R4] },
    { index: 2, size: 3, proof: [R2] },
    { index: 1, size: 5, proof: [R1, B, D] },
  ])('prove leaf $index in $size leaves', ({ index, size, proof }) => {
    const hashes = prove(planInclusion(BigInt(index), BigInt(size)));
    expect(hashes.map(hex)).toEqual(proof);
    const root = bytes(ROOTS[size]!);
    verifyInclusion({ leaf: leaves[index]!, index: BigInt(index), size: BigInt(size), root, proof: hashes });
  });

  it.each([
    { first: 1, second: 8, proof: [A, B, C] },
    { first: 6, second: 8, proof: [G, E, R4] },
    { first: 2, second: 5, proof: [B, D] },
    { first: 6, second: 7, proof: [G, H, R4] },
  ])('prove that $second leaves extend $first', ({ first, second, proof }) => {
    const hashes = prove(planConsistency(BigInt(first), BigInt(second)));
    expect(hashes.map(hex)).toEqual(proof);
    verifyConsistency({
      firstSize: BigInt(first),
      firstRoot: bytes(ROOTS[first]!),
      secondSize: BigInt(second),
      secondRoot: bytes(ROOTS[second]!),
      proof: hashes,
    });
  });
});
