/**
 * Byte strings as one binary parameter with their lengths: Postgres cuts them apart again. An array parameter would
 * travel as hexadecimal text, twice the size and parsed on both ends.
 */
export interface PackedBytes {
  readonly bytes: Buffer;
  /** 1-based offset of each string in `bytes`, as substring() counts. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

export function packBytes(parts: readonly Uint8Array[]): PackedBytes {
  const offsets: number[] = [];
  let next = 1;
  for (const part of parts) {
    offsets.push(next);
    next += part.length;
  }
  return { bytes: Buffer.concat(parts), offsets, lengths: parts.map((part) => part.length) };
}
