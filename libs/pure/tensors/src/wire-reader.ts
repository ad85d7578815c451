import { TensorError } from './tensor-error.ts';

/** Wire types of protobuf (https://protobuf.dev/programming-guides/encoding/). */
export const VARINT = 0;
export const I64 = 1;
export const LEN = 2;
const START_GROUP = 3;
const END_GROUP = 4;
export const I32 = 5;

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * A cursor over the fields of one protobuf message, without copies. Every read is bounded by the message;
 * malformed bytes throw TensorError.
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  /** Wire type of the field that `next` found. */
  wireType = 0;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** Moves to the next field and returns its number; 0 at the end of the message. */
  next(): number {
    if (this.#at >= this.#end) return 0;
    const tag = this.varint();
    this.wireType = tag & 7;
    const field = Math.floor(tag / 8);
    if (field < 1 || tag > 0xffff_ffff) throw malformed('a field number is out of range');
    return field;
  }

  /** The varint as a signed 64-bit integer; exact within ±2^53. */
  varint(): number {
    const bytes = this.#bytes;
    const first = this.#at < this.#end ? (bytes[this.#at] ?? 0) : -1;
    if (first >= 0 && first < 0x80) {
      this.#at++;
      return first;
    }
    return this.#longVarint();
  }

  /** The varint with all its 64 bits, unsigned. */
  varint64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed('a varint is longer than 10 bytes');
  }

  /** A view of the length-delimited field. */
  bytes(): Uint8Array {
    const start = this.#delimited();
    return this.#bytes.subarray(start, this.#at);
  }

  /** The length-delimited field as text; it must be UTF-8. */
  text(): string {
    const start = this.#delimited();
    const bytes = this.#bytes;
    if (this.#at - start > 40) return utf8(bytes.subarray(start, this.#at));
    let text = '';
    for (let at = start; at < this.#at; at++) {
      const byte = bytes[at] ?? 0;
      if (byte >= 0x80) return utf8(bytes.subarray(start, this.#at));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** A reader of the length-delimited field as a message of its own. */
  message(): WireReader {
    const start = this.#delimited();
    return new WireReader(this.#bytes, start, this.#at);
  }

  /** The next `size` bytes, for fixed-size values. */
  fixed(size: number): Uint8Array {
    const start = this.#advance(size);
    return this.#bytes.subarray(start, this.#at);
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Refuses a field that came in another wire type than its declaration has. */
  expect(wireType: number): void {
    if (this.wireType !== wireType) throw malformed('a field has another wire type than its declaration');
  }

  /** Passes over the value of the current field. */
  skip(): void {
    if (this.wireType === VARINT) this.varint();
    else if (this.wireType === I64) this.#advance(8);
    else if (this.wireType === LEN) this.#delimited();
    else if (this.wireType === I32) this.#advance(4);
    else throw malformed(isGroup(this.wireType) ? 'groups are not part of proto3' : 'unknown wire type');
  }

  #delimited(): number {
    this.expect(LEN);
    return this.#advance(this.varint());
  }

  #advance(size: number): number {
    const start = this.#at;
    if (!(size >= 0) || size > this.#end - start)
      throw malformed('a field reaches past the end of its message');
    this.#at = start + size;
    return start;
  }

  #longVarint(): number {
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (index < 4) low |= bits << (7 * index);
      else if (index === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * index - 32);
      if (byte < 0x80) return (high | 0) * 2 ** 32 + (low >>> 0);
    }
    throw malformed('a varint is longer than 10 bytes');
  }

  #byte(): number {
    if (this.#at >= this.#end) throw malformed('a varint is cut off');
    return this.#bytes[this.#at++] ?? 0;
  }
}

function isGroup(wireType: number): boolean {
  return wireType === START_GROUP || wireType === END_GROUP;
}

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw malformed('a string is not UTF-8');
  }
}

function malformed(message: string): TensorError {
  return new TensorError('', `malformed protobuf: ${message}`);
}
