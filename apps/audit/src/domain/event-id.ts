import { hash } from 'node:crypto';

export const EVENT_ID_BYTES = 16;

const VERSION_7 = 0x7;
/** Ids minted within this many milliseconds share a window key: 2^2. */
const WINDOW_BITS = 2n;
/** A version 7 id is filed under its window only if it was minted so shortly before its commit. */
const WINDOW_REACH_US = 10_000_000n;

/** SHA-256(tenant ‖ 0x00 ‖ event id): binds a leaf to its tenant without telling who that is. */
export function tenantDigest(tenant: string, eventId: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([Buffer.from(`${tenant}\0`), eventId]), 'buffer');
}

/**
 * The key that a record is filed under in the index of ids. A key leads to segments, never to a verdict: whoever
 * looks an id up reads the ids of those segments. So ids may share keys, and ids of version 7 (RFC 9562), which say
 * when they were minted, do: one key per 4 ms instead of one per record keeps the index small. Ids whose instant is
 * not that of their commit, and all others, have a key of their own, so that no caller can crowd a window.
 */
export function indexKey(tenant: string, eventId: Uint8Array, committedAtUs: bigint): bigint {
  const mintedAtMs = mintedAt(eventId);
  if (mintedAtMs === undefined) return ownKey(tenant, eventId);
  const age = committedAtUs - mintedAtMs * 1_000n;
  const near = age > -WINDOW_REACH_US && age < WINDOW_REACH_US;
  return near ? windowKey(tenant, mintedAtMs) : ownKey(tenant, eventId);
}

/** Every key that a record with this id may be filed under, whenever it was committed. */
export function lookupKeys(tenant: string, eventId: Uint8Array): bigint[] {
  const mintedAtMs = mintedAt(eventId);
  const own = ownKey(tenant, eventId);
  return mintedAtMs === undefined ? [own] : [own, windowKey(tenant, mintedAtMs)];
}

function ownKey(tenant: string, eventId: Uint8Array): bigint {
  return tenantDigest(tenant, eventId).readBigInt64BE(0);
}

function windowKey(tenant: string, mintedAtMs: bigint): bigint {
  const window = Buffer.alloc(8);
  window.writeBigUInt64BE(mintedAtMs >> WINDOW_BITS);
  return tenantDigest(tenant, window).readBigInt64BE(0);
}

/** Epoch milliseconds that a version 7 UUID carries; undefined for other versions. */
function mintedAt(eventId: Uint8Array): bigint | undefined {
  const bytes = Buffer.from(eventId.buffer, eventId.byteOffset, eventId.byteLength);
  return (bytes[6] ?? 0) >> 4 === VERSION_7 ? BigInt(bytes.readUIntBE(0, 6)) : undefined;
}
