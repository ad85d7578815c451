import { crc32 } from 'node:zlib';

/** Bytes before every entry: u32 LE length, u32 LE CRC-32 of the entry. */
export const FRAME_HEADER_BYTES = 8;

/** One entry of a spool segment as it lies on disk. */
export function frame(entry: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(FRAME_HEADER_BYTES + entry.length);
  framed.writeUInt32LE(entry.length, 0);
  framed.writeUInt32LE(crc32(entry), 4);
  framed.set(entry, FRAME_HEADER_BYTES);
  return framed;
}

/**
 * The whole entries of a segment, in order. A torn or damaged tail ends the list: it was never acknowledged, because
 * an entry is acknowledged only once it has been written whole.
 */
export function readFrames(segment: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at + FRAME_HEADER_BYTES <= segment.length;) {
    const end = at + FRAME_HEADER_BYTES + segment.readUInt32LE(at);
    if (end > segment.length) break;
    const entry = segment.subarray(at + FRAME_HEADER_BYTES, end);
    if (crc32(entry) !== segment.readUInt32LE(at + 4)) break;
    entries.push(entry);
    at = end;
  }
  return entries;
}
