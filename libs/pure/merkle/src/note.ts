import { decodeBase64 } from './base64.ts';
import { NoteError } from './note-error.ts';
import { type NoteSigner, type NoteVerifier, requireKeyName } from './note-key.ts';

/** One signature line of a note, not yet verified. */
export interface NoteSignature {
  readonly name: string;
  /** Big-endian key id, 4 bytes. */
  readonly keyId: Buffer;
  readonly signature: Buffer;
}

/** A note taken apart. Its text means nothing until `openNote` has accepted it. */
export interface ParsedNote {
  /** What is signed, its final newline included. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** Notes beyond these are refused before any signature is looked at (the specification demands at least 16). */
const MAX_NOTE_CHARS = 1_000_000;
const MAX_SIGNATURES = 100;
const KEY_ID_BYTES = 4;
const SIGNATURE_LINE = /^— ([^ ]+) ([^ ]+)$/u;

/**
 * Signs `text`, which must end in a newline and hold no other control character, into a C2SP signed note
 * (https://c2sp.org/signed-note): text, blank line, one signature line per signer. Throws NoteError on such a text.
 */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  requireText(text);
  const message = Buffer.from(text);
  const lines = signers.map((signer) => {
    const bytes = Buffer.concat([signer.verifier.keyId, signer.sign(message)]);
    return `— ${signer.verifier.name} ${bytes.toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/**
 * Text of a note that at least one of `verifiers` has signed. Signatures of other keys are ignored; a failing
 * signature of a known key refuses the whole note. Throws NoteError.
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): string {
  const { text, signatures } = parseNote(note);
  const message = Buffer.from(text);
  let verified = 0;
  for (const { name, keyId, signature } of signatures) {
    const verifier = verifiers.find((known) => known.name === name && known.keyId.equals(keyId));
    if (!verifier) continue;
    if (!verifier.verify(message, signature)) {
      throw new NoteError('BAD_SIGNATURE', `the signature of ${name} does not fit the text`);
    }
    verified += 1;
  }
  if (verified === 0) throw new NoteError('UNKNOWN_SIGNER', 'no known key has signed this note');
  return text;
}

/** Takes a note apart without trusting it. Throws NoteError when it is not well-formed. */
export function parseNote(note: string): ParsedNote {
  if (note.length > MAX_NOTE_CHARS) throw new NoteError('MALFORMED', 'the note is too long');
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0 || !note.endsWith('\n')) throw new NoteError('MALFORMED', 'a note ends in signature lines');
  const text = note.slice(0, blank + 1);
  requireText(text);
  const lines = note.slice(blank + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw new NoteError('MALFORMED', 'the note has too many signatures');
  return { text, signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): NoteSignature {
  const [, name = '', encoded = ''] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = decodeBase64(encoded);
  if (!bytes || bytes.length <= KEY_ID_BYTES) throw new NoteError('MALFORMED', 'not a signature line');
  requireKeyName(name);
  return { name, keyId: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
}

function requireText(text: string): void {
  if (!text.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/u.test(text) || !text.isWellFormed()) {
    throw new NoteError('MALFORMED', 'a note is UTF-8 lines without control characters');
  }
}
