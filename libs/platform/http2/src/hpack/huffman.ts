/**
 * How many bits each octet's code has, and at 256 the code that ends a string (RFC 7541, appendix B). The codes follow
 * from the lengths: they ascend by length, and within a length by octet.
 */
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END_OF_STRING = 256;
const LONGEST_BITS = 30;

/**
 * The codes as a binary tree: node n's children stand at 2n and 2n + 1, the root is node 0. A child above 0 is a node,
 * one below 0 the complement of an octet.
 */
const TREE = treeOfCodes();

function treeOfCodes(): Int16Array {
  const tree = new Int16Array(2 * (CODE_BITS.length - 1));
  let nodes = 1;
  let code = 0;
  for (let bits = 1; bits <= LONGEST_BITS; bits++) {
    code *= 2;
    for (const [octet, length] of CODE_BITS.entries()) {
      if (length !== bits) continue;
      let node = 0;
      for (let bit = bits - 1; bit > 0; bit--) {
        const child = 2 * node + ((code >>> bit) & 1);
        if (tree[child] === 0) tree[child] = nodes++;
        node = tree[child] ?? 0;
      }
      tree[2 * node + (code & 1)] = ~octet;
      code++;
    }
  }
  return tree;
}

/**
 * The string that `bytes` from `start` to `end` encode, as latin1; undefined where they encode none: the code that ends
 * a string occurs, or what is left at the end is not fewer than eight bits, all of them ones (RFC 7541, section 5.2).
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  let node = 0;
  let unusedBits = 0;
  let unusedAreOnes = true;
  for (let position = start; position < end; position++) {
    const byte = bytes[position] ?? 0;
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >>> shift) & 1;
      const child = TREE[2 * node + bit] ?? 0;
      unusedBits++;
      unusedAreOnes &&= bit === 1;
      if (child > 0) {
        node = child;
        continue;
      }
      if (~child === END_OF_STRING) return undefined;
      text += String.fromCharCode(~child);
      node = 0;
      unusedBits = 0;
      unusedAreOnes = true;
    }
  }
  return unusedBits < 8 && unusedAreOnes ? text : undefined;
}
