import { STATIC_TABLE } from './static-table.ts';
import { DEFAULT_TABLE_BYTES } from './decoder.ts';

const FIELD_BYTES = 32;
const FIRST_BLOCK_BYTES = 256;

/** Fields with few values, the same in most answers: a peer's table keeps them, and each then takes one byte. */
const REPEATED: ReadonlySet<string> = new Set([
  ':status',
  'content-type',
  'grpc-accept-encoding',
  'grpc-encoding',
  'grpc-status',
]);

const key = (name: string, value: string): string => `${name}\n${value}`;

const STATIC_FIELDS = new Map(STATIC_TABLE.map(([name, value], at) => [key(name, value), at + 1]));
const STATIC_NAMES = new Map([...STATIC_TABLE.entries()].reverse().map(([at, [name]]) => [name, at + 1]));

/**
 * Encodes the header blocks of one connection, in the order in which they leave (RFC 7541). Values that repeat go into
 * the peer's table until that is full, and stay there; all others are written out, without Huffman code.
 */
export class HpackEncoder {
  /** Position of each field that the table has, the first being 1. */
  #positions = new Map<string, number>();
  #sizeBytes = 0;
  #limitBytes = DEFAULT_TABLE_BYTES;
  /** A change of the table's size that the peer has yet to be told. */
  #isResized = false;
  #block = Buffer.allocUnsafe(FIRST_BLOCK_BYTES);
  #length = 0;

  /** The peer will keep a table of at most so many bytes. */
  limitTable(bytes: number): void {
    this.#limitBytes = Math.min(bytes, DEFAULT_TABLE_BYTES);
    this.#positions = new Map();
    this.#sizeBytes = 0;
    this.#isResized = true;
  }

  /** @param fields flat: name, value, name, value. The block is good until the next call. */
  encode(fields: readonly string[]): Buffer {
    this.#length = 0;
    if (this.#isResized) this.#writeTableSize();
    for (let at = 0; at < fields.length; at += 2) this.#writeField(fields[at] ?? '', fields[at + 1] ?? '');
    return this.#block.subarray(0, this.#length);
  }

  /** To nothing first, so that both sides forget the same fields. */
  #writeTableSize(): void {
    this.#isResized = false;
    this.#writeInteger(0x20, 5, 0);
    if (this.#limitBytes > 0) this.#writeInteger(0x20, 5, this.#limitBytes);
  }

  #writeField(name: string, value: string): void {
    const isRepeated = REPEATED.has(name);
    const field = isRepeated ? this.#indexOf(name, value) : undefined;
    if (field !== undefined) {
      this.#writeInteger(0x80, 7, field);
      return;
    }
    const nameIndex = STATIC_NAMES.get(name) ?? 0;
    const bytes = name.length + value.length + FIELD_BYTES;
    if (isRepeated && this.#sizeBytes + bytes <= this.#limitBytes) {
      this.#sizeBytes += bytes;
      this.#positions.set(key(name, value), this.#positions.size + 1);
      this.#writeInteger(0x40, 6, nameIndex);
    } else {
      this.#writeInteger(0x00, 4, nameIndex);
    }
    if (nameIndex === 0) this.#writeString(name);
    this.#writeString(value);
  }

  /** The newest field of the table comes right after the static ones. */
  #indexOf(name: string, value: string): number | undefined {
    const wanted = key(name, value);
    const position = this.#positions.get(wanted);
    if (position === undefined) return STATIC_FIELDS.get(wanted);
    return STATIC_TABLE.length + 1 + this.#positions.size - position;
  }

  #writeString(text: string): void {
    this.#writeInteger(0x00, 7, text.length);
    this.#reserve(text.length);
    this.#length += this.#block.write(text, this.#length, 'latin1');
  }

  /** RFC 7541, section 5.1. */
  #writeInteger(pattern: number, prefixBits: number, value: number): void {
    this.#reserve(6);
    const most = (1 << prefixBits) - 1;
    if (value < most) {
      this.#block[this.#length++] = pattern | value;
      return;
    }
    this.#block[this.#length++] = pattern | most;
    let rest = value - most;
    for (; rest >= 0x80; rest >>>= 7) this.#block[this.#length++] = (rest & 0x7f) | 0x80;
    this.#block[this.#length++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#block.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#block.length, this.#length + bytes));
    this.#block.copy(larger, 0, 0, this.#length);
    this.#block = larger;
  }
}
