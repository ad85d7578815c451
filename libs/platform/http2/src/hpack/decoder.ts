import { DynamicTable } from './dynamic-table.ts';
import { decodeHuffman } from './huffman.ts';

/** The size of the table that a peer may use, ours and HTTP/2's default (RFC 9113, section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4_096;
const FIELD_BYTES = 32;

/** A header block that breaks the rules of HPACK, after which the connection's table is not to be trusted. */
export class CompressionError extends Error {
  override readonly name = 'CompressionError';
}

/** Decodes the header blocks of one connection, in the order in which they came (RFC 7541). */
export class HpackDecoder {
  readonly #table = new DynamicTable(DEFAULT_TABLE_BYTES);
  readonly #maxListBytes: number;
  #bytes: Buffer = Buffer.alloc(0);
  #position = 0;
  #end = 0;

  /** @param maxListBytes how long the fields of a block may be together, each with 32 bytes more */
  constructor(maxListBytes: number) {
    this.#maxListBytes = maxListBytes;
  }

  /**
   * The fields of a whole block in their order, flat: name, value, name, value; undefined where they are longer than
   * they may be together. The table is right after either.
   *
   * @throws CompressionError
   */
  decode(block: Buffer): string[] | undefined {
    this.#bytes = block;
    this.#position = 0;
    this.#end = block.length;
    const fields: string[] = [];
    let listBytes = 0;
    this.#readTableSizes();
    while (this.#position < this.#end) {
      const at = fields.length;
      this.#readField(fields);
      listBytes += (fields[at] ?? '').length + (fields[at + 1] ?? '').length + FIELD_BYTES;
      if (listBytes > this.#maxListBytes) fields.length = 0;
    }
    return listBytes > this.#maxListBytes ? undefined : fields;
  }

  /** Changes of the table's size stand at the beginning of a block (RFC 7541, section 4.2). */
  #readTableSizes(): void {
    while (this.#position < this.#end && (this.#peek() & 0xe0) === 0x20) {
      const bytes = this.#readInteger(5);
      if (bytes > DEFAULT_TABLE_BYTES) throw new CompressionError('the table is made larger than it may be');
      this.#table.resize(bytes);
    }
  }

  #readField(fields: string[]): void {
    const first = this.#peek();
    if (first >= 0x80) {
      const index = this.#readIndex(7);
      if (index === 0) throw new CompressionError('a field has index 0');
      fields.push(this.#table.name(index), this.#table.value(index));
      return;
    }
    if ((first & 0xe0) === 0x20) throw new CompressionError('the table changes its size within a block');
    const isKept = first >= 0x40;
    const index = this.#readIndex(isKept ? 6 : 4);
    const name = index === 0 ? this.#readString() : this.#table.name(index);
    const value = this.#readString();
    if (isKept) this.#table.add(name, value);
    fields.push(name, value);
  }

  #readIndex(prefixBits: number): number {
    const index = this.#readInteger(prefixBits);
    if (index > this.#table.length) throw new CompressionError(`the table has no field ${index}`);
    return index;
  }

  #readString(): string {
    const isHuffman = this.#peek() >= 0x80;
    const length = this.#readInteger(7);
    const start = this.#position;
    const end = start + length;
    if (end > this.#end) throw new CompressionError('a string is longer than its block');
    this.#position = end;
    if (!isHuffman) return this.#bytes.toString('latin1', start, end);
    const text = decodeHuffman(this.#bytes, start, end);
    if (text === undefined) throw new CompressionError('a string is not in Huffman code');
    return text;
  }

  /** RFC 7541, section 5.1. Nothing here is as large as 2^21. */
  #readInteger(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#next() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift < 21; shift += 7) {
      const byte = this.#next();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new CompressionError('an integer is too large');
  }

  #peek(): number {
    if (this.#position >= this.#end) throw new CompressionError('the block ends within a field');
    return this.#bytes[this.#position] ?? 0;
  }

  #next(): number {
    const byte = this.#peek();
    this.#position++;
    return byte;
  }
}
