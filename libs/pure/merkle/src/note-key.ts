import {
  createPrivateKey,
  createPublicKey,
  hash,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import { decodeBase64 } from './base64.ts';
import { NoteError } from './note-error.ts';

/** Signature type byte of Ed25519 in C2SP signed-note. */
const ED25519 = 0x01;
const KEY_BYTES = 32;
const KEY_ID_BYTES = 4;
const SIGNER_PREFIX = 'PRIVATE+KEY+';
// DER wrappings of raw Ed25519 keys (RFC 8410): the only form in which node:crypto imports them without a JWK.
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Verifies signatures of one named Ed25519 key. */
export interface NoteVerifier {
  readonly name: string;
  /** First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key). */
  readonly keyId: Buffer;
  /** The C2SP text form, `<name>+<hex key id>+<base64(0x01 ‖ public key)>`. */
  readonly text: string;
  verify(message: Uint8Array, signature: Uint8Array): boolean;
}

/** Signs with one named Ed25519 key. */
export interface NoteSigner {
  readonly verifier: NoteVerifier;
  sign(message: Uint8Array): Buffer;
}

/** Reads a verifier key ("vkey"). Throws NoteError on bad form, an unknown algorithm, or a key id that does not fit. */
export function parseVerifier(text: string): NoteVerifier {
  const { name, keyId, key } = parseKey(text);
  const verifier = verifierOf(name, key);
  if (!verifier.keyId.equals(keyId)) throw new NoteError('BAD_KEY', 'the key id is not that of the key');
  return verifier;
}

/** Reads a signer key in the form that `generateSigner` gives. Never let its text reach a log. */
export function parseSigner(text: string): NoteSigner {
  if (!text.startsWith(SIGNER_PREFIX)) throw new NoteError('BAD_KEY', 'not a private key');
  const { name, keyId, key } = parseKey(text.slice(SIGNER_PREFIX.length));
  const signer = signerOf(name, key);
  if (!signer.verifier.keyId.equals(keyId))
    throw new NoteError('BAD_KEY', 'the key id is not that of the key');
  return signer;
}

/** A new key of this name: `PRIVATE+KEY+<name>+<hex key id>+<base64(0x01 ‖ seed)>`, the form of Go's sumdb/note. */
export function generateSigner(name: string): string {
  requireKeyName(name);
  const seed = randomBytes(KEY_BYTES);
  const { keyId } = signerOf(name, seed).verifier;
  return `${SIGNER_PREFIX}${name}+${keyId.toString('hex')}+${encodeKey(seed)}`;
}

/** Throws NoteError unless `name` may name a key: not empty, no Unicode space, no plus, no control character. */
export function requireKeyName(name: string): void {
  if (name === '' || /[\s+\p{Cc}\p{Z}]/u.test(name) || !name.isWellFormed()) {
    throw new NoteError('BAD_KEY', 'a key name has no spaces, control characters or plus, and is not empty');
  }
}

function signerOf(name: string, seed: Uint8Array): NoteSigner {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    verifier: verifierOf(name, spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => sign(null, message, privateKey),
  };
}

function verifierOf(name: string, key: Uint8Array): NoteVerifier {
  const publicKey: KeyObject = createPublicKey({
    key: Buffer.concat([SPKI_PREFIX, key]),
    format: 'der',
    type: 'spki',
  });
  const keyId = keyIdOf(name, key);
  return {
    name,
    keyId,
    text: `${name}+${keyId.toString('hex')}+${encodeKey(key)}`,
    verify: (message, signature) => verify(null, message, publicKey, signature),
  };
}

function keyIdOf(name: string, publicKey: Uint8Array): Buffer {
  const digest = hash(
    'sha256',
    Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), publicKey]),
    'buffer',
  );
  return digest.subarray(0, KEY_ID_BYTES);
}

function encodeKey(key: Uint8Array): string {
  return Buffer.concat([Buffer.of(ED25519), key]).toString('base64');
}

function parseKey(text: string): { name: string; keyId: Buffer; key: Buffer } {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/u.exec(text) ?? [];
  requireKeyName(name);
  const bytes = decodeBase64(encoded);
  if (bytes?.length !== 1 + KEY_BYTES || bytes[0] !== ED25519) {
    throw new NoteError('BAD_KEY', 'not an Ed25519 key');
  }
  return { name, keyId: Buffer.from(id, 'hex'), key: bytes.subarray(1) };
}
