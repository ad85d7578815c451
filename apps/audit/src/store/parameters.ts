/** Adds a value to a statement and gives what stands for it in the text, e.g. `$3::bigint[]`. */
export interface AddParameter {
  bigint(value: bigint): string;
  bytes(value: Uint8Array): string;
  bigints(values: readonly bigint[]): string;
  ints(values: readonly number[]): string;
  texts(values: readonly string[]): string;
}

/** The parameters of one statement, numbered as its text is put together. */
export function createParameters(): { readonly add: AddParameter; readonly values: readonly unknown[] } {
  const values: unknown[] = [];
  const as = (type: string) => (value: unknown) => `$${values.push(value)}::${type}`;
  const add = {
    bigint: as('bigint'),
    bytes: as('bytea'),
    bigints: as('bigint[]'),
    ints: as('int[]'),
    texts: as('text[]'),
  };
  return { add, values };
}

/** Byte strings as one parameter: an array of bytea would travel as text, in hex. */
export interface Concatenation {
  readonly bytes: Buffer;
  /** 0-based. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

/** Lays byte strings end to end; SQL takes them apart with `substring(bytes FROM offset + 1 FOR length)`. */
export function concatenate(parts: readonly Uint8Array[]): Concatenation {
  const lengths = parts.map((part) => part.length);
  return { bytes: Buffer.concat(parts), offsets: offsetsOf(lengths), lengths };
}

/** Arrays as one parameter. */
export interface Flattening<T> {
  readonly items: readonly T[];
  /** 0-based. */
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

/** Arrays as one array, which SQL takes apart with `flat[offset + 1 : offset + length]`: Postgres has no ragged ones. */
export function flatten<T>(arrays: readonly (readonly T[])[]): Flattening<T> {
  const lengths = arrays.map((array) => array.length);
  return { items: arrays.flat(), offsets: offsetsOf(lengths), lengths };
}

function offsetsOf(lengths: readonly number[]): number[] {
  let end = 0;
  return lengths.map((length) => (end += length) - length);
}
