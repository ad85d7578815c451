import { randomBytes } from 'node:crypto';
import { errors } from './errors.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The caller's id in canonical lower case, or a fresh UUID version 7 (RFC 9562) where none was sent. */
export function predictionId(sent: string | undefined, nowUs: bigint): string {
  if (sent === undefined || sent === '') return mintUuidV7(nowUs);
  const id = sent.toLowerCase();
  if (!UUID.test(id)) throw errors.PREDICTION_ID_INVALID(`"${sent.slice(0, 64)}" is not a UUID`);
  return id;
}

/** 48 bits of Unix milliseconds, then 74 random bits. */
export function mintUuidV7(nowUs: bigint): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Number(nowUs / 1000n), 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return uuidText(bytes);
}

export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** The 16 bytes of a UUID in text form. */
export function uuidBytes(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}
