import { createHash } from 'node:crypto';
import { errors } from './errors.ts';
import type { Digest } from './object-store.ts';

/** The digest of bytes in memory. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Throws OBJECT_DIGEST_INVALID unless `text` is a digest. */
export function parseDigest(text: string): Digest {
  if (!/^sha256:[0-9a-f]{64}$/.test(text)) {
    throw errors.OBJECT_DIGEST_INVALID('the digest is not "sha256:" and 64 lower-case hexadecimal digits');
  }
  return text as Digest;
}
