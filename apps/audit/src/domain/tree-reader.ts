import {
  leafHash,
  nodeHash,
  type Hash,
  type LeafRange,
  type NodeAddress,
  type NodeLookup,
} from '@plumbline/merkle';
import { type Segment } from './segment.ts';
import { unpackSegment } from './segment-codec.ts';

/**
 * Roots of complete subtrees are kept at every eighth level, as 256-wide tiles have them (https://c2sp.org/tlog-tiles).
 * Leaf hashes follow from the segments, all other nodes from at most 128 hashes of the level kept below.
 */
export const KEPT_LEVELS = 8;

/** What the tree is read from. Everything below the integrated size is immutable. */
export interface TreeStore {
  /** Segments that hold any leaf of the range, ascending. */
  segmentsIn(range: LeafRange): Promise<readonly Segment[]>;
  /** Roots of the complete subtrees at a kept level ≥ 8, at positions [begin, end), ascending and without gaps. */
  nodesIn(level: number, positions: LeafRange): Promise<readonly Hash[]>;
}

/** Ranges of one level with no more than this between them are read as one: rows are cheap, round trips are not. */
const MERGE_REACH = 256n;

/** Reads what the nodes rest on; the lookup throws on any other node. Addresses must lie within the integrated tree. */
export async function readNodes(store: TreeStore, addresses: readonly NodeAddress[]): Promise<NodeLookup> {
  const kept = new Map<string, Hash>();
  const spans = Map.groupBy(addresses.map(spanOf), ({ level }) => level);
  for (const [level, ranges] of spans) {
    for (const range of mergeRanges(ranges)) {
      const hashes = level === 0 ? await readLeaves(store, range) : await store.nodesIn(level, range);
      hashes.forEach((hash, index) =>
        kept.set(keyOf({ level, position: range.begin + BigInt(index) }), hash),
      );
    }
  }
  return (address) => foldKept(kept, spanOf(address));
}

interface KeptSpan extends LeafRange {
  readonly level: number;
}

/** The positions at the kept level at or below a node's own that its hash is folded from. */
function spanOf({ level, position }: NodeAddress): KeptSpan {
  const keptLevel = level - (level % KEPT_LEVELS);
  const width = 1n << BigInt(level - keptLevel);
  return { level: keptLevel, begin: position * width, end: (position + 1n) * width };
}

function mergeRanges(ranges: readonly LeafRange[]): LeafRange[] {
  const merged: { begin: bigint; end: bigint }[] = [];
  for (const { begin, end } of ranges.toSorted((a, b) => (a.begin < b.begin ? -1 : 1))) {
    const last = merged.at(-1);
    if (last && begin - last.end <= MERGE_REACH) last.end = end > last.end ? end : last.end;
    else merged.push({ begin, end });
  }
  return merged;
}

async function readLeaves(store: TreeStore, range: LeafRange): Promise<Hash[]> {
  const segments = await store.segmentsIn(range);
  return segments.flatMap((segment) => {
    const begin = Number(range.begin - segment.firstIndex);
    const end = Number(range.end - segment.firstIndex);
    return unpackSegment(segment.packed, segment.tenant).slice(Math.max(0, begin), end).map(leafHash);
  });
}

function foldKept(kept: ReadonlyMap<string, Hash>, { level, begin, end }: KeptSpan): Hash {
  if (end - begin === 1n) {
    const hash = kept.get(keyOf({ level, position: begin }));
    if (!hash) throw new Error(`node ${keyOf({ level, position: begin })} is missing`);
    return hash;
  }
  const middle = (begin + end) / 2n;
  return nodeHash(
    foldKept(kept, { level, begin, end: middle }),
    foldKept(kept, { level, begin: middle, end }),
  );
}

function keyOf({ level, position }: NodeAddress): string {
  return `${level}/${String(position)}`;
}
