/** Byte strings as one parameter: an array of bytea would travel as text, in hex. */
export interface Concatenation {
  readonly bytes: Buffer;
  /** 0-based. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

/** Lays byte strings end to end; SQL takes them apart with `substring(bytes FROM offset + 1 FOR length)`. */
export function concatenate(parts: readonly Uint8Array[]): Concatenation {
  let offset = 0;
  const offsets = parts.map((part) => {
    const start = offset;
    offset += part.length;
    return start;
  });
  return { bytes: Buffer.concat(parts), offsets, lengths: parts.map((part) => part.length) };
}
