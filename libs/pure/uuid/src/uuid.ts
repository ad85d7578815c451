import { hash, randomBytes } from 'node:crypto';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID's text form (RFC 9562), of any version and in either case. */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** The 16 bytes of a UUID's text form; undefined when it is none. */
export function parseUuid(text: string): Buffer | undefined {
  return isUuid(text) ? Buffer.from(text.replaceAll('-', ''), 'hex') : undefined;
}

/** The canonical lower-case text form of 16 bytes. */
export function formatUuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A fresh UUID of version 7: 48 bits of Unix milliseconds, then 74 random bits. */
export function mintUuidV7(nowUs: bigint): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Number(nowUs / 1_000n), 0, 6);
  return formatUuid(stamped(bytes, 7));
}

/** The UUID of version 8 that follows from a text: its SHA-256, cut to 16 bytes, with version and variant set. */
export function derivedUuid(text: string): string {
  return formatUuid(stamped(hash('sha256', text, 'buffer').subarray(0, 16), 8));
}

function stamped(bytes: Buffer, version: number): Buffer {
  bytes[6] = (version << 4) | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes;
}
