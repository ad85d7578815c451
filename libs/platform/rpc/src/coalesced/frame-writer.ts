/**
 * Writes protobuf fields into a buffer of exactly the right size, which the `…Size` functions find out first: a frame
 * of many items is filled in one pass, without growing or moving anything. All fields have numbers below 16, so that
 * every tag is one byte.
 */
export class FrameWriter {
  readonly buffer: Buffer;
  #position = 0;

  constructor(sizeBytes: number) {
    this.buffer = Buffer.allocUnsafe(sizeBytes);
  }

  uint32(field: number, value: number): void {
    if (value === 0) return;
    this.#byte(field << 3);
    this.#varint(value);
  }

  text(field: number, value: string): void {
    if (value === '') return;
    const size = Buffer.byteLength(value);
    this.open(field, size);
    this.#position += this.buffer.write(
      value,
      this.#position,
      size,
      size === value.length ? 'latin1' : 'utf8',
    );
  }

  bytes(field: number, value: Uint8Array | undefined): void {
    if (value === undefined || value.length === 0) return;
    this.open(field, value.length);
    this.buffer.set(value, this.#position);
    this.#position += value.length;
  }

  /** Begins an embedded message of `size` bytes, which the caller writes next. */
  open(field: number, size: number): void {
    this.#byte((field << 3) | 2);
    this.#varint(size);
  }

  #byte(value: number): void {
    this.buffer[this.#position++] = value;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.#byte(rest);
  }
}

export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Bytes of a length-delimited field: tag, length and content. */
export const lengthDelimitedSize = (length: number): number => 1 + varintSize(length) + length;
export const uint32Size = (value: number): number => (value === 0 ? 0 : 1 + varintSize(value));
export const textSize = (value: string): number =>
  value === '' ? 0 : lengthDelimitedSize(Buffer.byteLength(value));
export const bytesSize = (value: Uint8Array | undefined): number =>
  value === undefined || value.length === 0 ? 0 : lengthDelimitedSize(value.length);
