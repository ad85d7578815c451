import { decodeBase64 } from './base64.ts';
import { HASH_BYTES, type Hash } from './hash.ts';
import { NoteError } from './note-error.ts';
import { type NoteSigner, type NoteVerifier } from './note-key.ts';
import { openNote, signNote } from './note.ts';

/** A log's statement of its tree: https://c2sp.org/tlog-checkpoint. */
export interface Checkpoint {
  /** Which log this is. */
  readonly origin: string;
  /** Number of leaves. */
  readonly size: bigint;
  readonly root: Hash;
  /** Opaque lines after the root; a log that can be audited has none. */
  readonly extensions: readonly string[];
}

const SIZE = /^(0|[1-9][0-9]{0,18})$/u;

/** The checkpoint as a signed note. Throws NoteError when an origin or extension line is empty or holds a newline. */
export function signCheckpoint(checkpoint: Checkpoint, signers: readonly NoteSigner[]): string {
  return signNote(formatCheckpoint(checkpoint), signers);
}

/** The note text of a checkpoint, unsigned. */
export function formatCheckpoint({ origin, size, root, extensions }: Checkpoint): string {
  const lines = [origin, String(size), Buffer.from(root).toString('base64'), ...extensions];
  if (lines.some((line) => line === '' || line.includes('\n'))) {
    throw new NoteError('MALFORMED', 'lines of a checkpoint are not empty');
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Reads a checkpoint that one of `verifiers` has signed, of the log `origin`. Throws NoteError when the note is not
 * well-formed, not signed by a known key, or of another log.
 */
export function openCheckpoint(note: string, origin: string, verifiers: readonly NoteVerifier[]): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, verifiers));
  if (checkpoint.origin !== origin) {
    throw new NoteError('OTHER_ORIGIN', `the checkpoint is of ${checkpoint.origin}, not of ${origin}`);
  }
  return checkpoint;
}

/** Reads the note text of a checkpoint, as `openNote` gives it. Throws NoteError. */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', encodedRoot = '', ...rest] = text.split('\n');
  const root = decodeBase64(encodedRoot);
  const extensions = rest.slice(0, -1);
  const ends = rest.at(-1) === '';
  if (!ends || origin === '' || !SIZE.test(size) || root?.length !== HASH_BYTES || extensions.includes('')) {
    throw new NoteError('MALFORMED', 'a checkpoint is origin, size, root and extension lines');
  }
  return { origin, size: BigInt(size), root, extensions };
}
