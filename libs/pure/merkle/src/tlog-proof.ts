import { decodeBase64 } from './base64.ts';
import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import { HASH_BYTES, leafHash, type Hash } from './hash.ts';
import { NoteError } from './note-error.ts';
import { type NoteVerifier } from './note-key.ts';
import { verifyInclusion } from './verify-proof.ts';

/** An inclusion proof that needs no service to be verified: https://c2sp.org/tlog-proof. */
export interface TlogProof {
  readonly index: bigint;
  /** Sibling hashes from the leaf upwards. */
  readonly hashes: readonly Hash[];
  /** The signed checkpoint, verbatim. */
  readonly checkpoint: string;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const INDEX = /^index (0|[1-9][0-9]{0,18})$/u;
/** Proofs in trees of up to 2^63 leaves have no more hashes than this. */
const MAX_HASHES = 63;

/** The content of a `.tlog-proof` file. */
export function formatTlogProof({ index, hashes, checkpoint }: TlogProof): string {
  const lines = hashes.map((hash) => `${Buffer.from(hash).toString('base64')}\n`);
  return `${HEADER}\nindex ${String(index)}\n${lines.join('')}\n${checkpoint}`;
}

/** Reads a `.tlog-proof` file; extra data is skipped, for nothing authenticates it. Throws NoteError. */
export function parseTlogProof(text: string): TlogProof {
  const blank = text.indexOf('\n\n');
  const [header, ...lines] = text.slice(0, Math.max(blank, 0)).split('\n');
  if (header !== HEADER) throw malformed('not a transparency log proof');
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = INDEX.exec(lines.shift() ?? '')?.[1];
  if (index === undefined) throw malformed('the proof names no index');
  if (lines.length > MAX_HASHES) throw malformed('the proof has too many hashes');
  return { index: BigInt(index), hashes: lines.map(parseHash), checkpoint: text.slice(blank + 2) };
}

/**
 * Verifies that `entry` is in the log `origin` that one of `verifiers` signs for, and returns the checkpoint it was
 * proven against. Throws NoteError or ProofError.
 */
export function verifyTlogProof(
  text: string,
  entry: Uint8Array,
  origin: string,
  verifiers: readonly NoteVerifier[],
): Checkpoint {
  const proof = parseTlogProof(text);
  const checkpoint = openCheckpoint(proof.checkpoint, origin, verifiers);
  const { size, root } = checkpoint;
  verifyInclusion({ leaf: leafHash(entry), index: proof.index, size, root, proof: proof.hashes });
  return checkpoint;
}

function parseHash(line: string): Hash {
  const bytes = decodeBase64(line);
  if (bytes?.length !== HASH_BYTES) throw malformed('a line of the proof is no hash');
  return bytes;
}

function malformed(message: string): NoteError {
  return new NoteError('MALFORMED', message);
}
