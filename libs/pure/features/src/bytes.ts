/** Writes the storage encodings of this library: LEB128 integers up to 2^53, zigzag where signed, doubles. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number, 0 <= value <= 2^53 - 1. */
  unsigned(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A safe integer: sign in the lowest bit of the first byte, magnitude behind it. */
  signed(value: number): void {
    this.#reserve(9);
    const negative = value < 0;
    const magnitude = Math.abs(value);
    const more = magnitude >= 0x40;
    this.#bytes[this.#length++] = (magnitude % 0x40) * 2 + (negative ? 1 : 0) + (more ? 0x80 : 0);
    if (more) this.unsigned(Math.floor(magnitude / 0x40));
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  text(value: string): void {
    const bytes = Buffer.from(value, 'utf8');
    this.unsigned(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A copy of what was written; the writer starts anew. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** Reads what {@link ByteWriter} wrote, in the same order. Reading past the end throws a RangeError. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = offset;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#offset++];
    if (value === undefined) throw new RangeError('encoding ends early');
    return value;
  }

  unsigned(): number {
    let value = 0;
    let unit = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) return value;
      unit *= 0x80;
    }
  }

  signed(): number {
    const first = this.byte();
    const low = (first >> 1) & 0x3f;
    const magnitude = first >= 0x80 ? low + this.unsigned() * 0x40 : low;
    return first & 1 ? -magnitude : magnitude;
  }

  double(): number {
    const value = this.#view.getFloat64(this.#offset, true);
    this.#offset += 8;
    return value;
  }

  text(): string {
    const length = this.unsigned();
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError('encoding ends early');
    const value = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + this.#offset, length).toString(
      'utf8',
    );
    this.#offset = end;
    return value;
  }
}
