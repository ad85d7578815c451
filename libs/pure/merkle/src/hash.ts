import { hash } from 'node:crypto';

/** A SHA-256 digest, 32 bytes. Leaf and node hashes are domain-separated, so one is never taken for the other. */
export type Hash = Uint8Array;

/** Length of every hash of the tree, in bytes. */
export const HASH_BYTES = 32;

/** Root of the tree without leaves: SHA-256 of no bytes (RFC 6962 §2.1). */
export const EMPTY_ROOT: Hash = hash('sha256', '', 'buffer');

const LEAF_PREFIX = Buffer.of(0);
const NODE_PREFIX = Buffer.of(1);

/** SHA-256(0x00 ‖ entry), RFC 6962 §2.1. `entry` may have any length. */
export function leafHash(entry: Uint8Array): Hash {
  return hash('sha256', Buffer.concat([LEAF_PREFIX, entry]), 'buffer');
}

/** SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1. Whoever takes hashes from outside checks their length first. */
export function nodeHash(left: Hash, right: Hash): Hash {
  return hash('sha256', Buffer.concat([NODE_PREFIX, left, right]), 'buffer');
}

/** Byte equality. Hashes of a public log are no secrets: this is not constant-time. */
export function equalHashes(a: Hash, b: Hash): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
