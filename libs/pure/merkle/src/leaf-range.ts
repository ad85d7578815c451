/** The leaves [begin, end), 0-based. */
export interface LeafRange {
  readonly begin: bigint;
  readonly end: bigint;
}

/** The root of the complete subtree over leaves [position · 2^level, (position + 1) · 2^level). */
export interface NodeAddress {
  readonly level: number;
  readonly position: bigint;
}

/** Number of bits of `value` ≥ 0; 0 has none. */
export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}

/** The largest power of two strictly below `size` ≥ 2: where RFC 6962 splits a tree. */
export function splitPoint(size: bigint): bigint {
  return 1n << BigInt(bitLength(size - 1n) - 1);
}

/** Number of trailing zero bits of `value` > 0. */
export function trailingZeros(value: bigint): number {
  return bitLength(value & -value) - 1;
}

/**
 * The complete subtrees that cover `range`, left to right. For ranges that RFC 6962's recursion produces, levels
 * descend, and folding the hashes from the right gives the range's own hash (see `foldSubtrees`).
 */
export function completeSubtrees(range: LeafRange): NodeAddress[] {
  const nodes: NodeAddress[] = [];
  let begin = range.begin;
  while (begin < range.end) {
    const fits = bitLength(range.end - begin) - 1;
    const level = begin === 0n ? fits : Math.min(fits, trailingZeros(begin));
    nodes.push({ level, position: begin >> BigInt(level) });
    begin += 1n << BigInt(level);
  }
  return nodes;
}
