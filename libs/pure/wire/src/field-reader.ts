import { malformed } from './wire-error.ts';
import { Wire } from './wire-type.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const MAX_GROUP_DEPTH = 100;
/** Up to here a loop over ASCII is faster than the decoder. */
const MAX_SHORT_TEXT = 24;

/**
 * A cursor over the fields of one serialised message, in the order of the wire. It knows no schema: the caller
 * branches on `field` and reads the value, or calls `skip()`. Every method throws WireError on bytes that are no
 * protobuf, and none reads outside `start`…`end`.
 *
 *     const reader = new FieldReader(buffer);
 *     while (reader.next()) {
 *       if (reader.field === 1) name = reader.string();
 *       else reader.skip();
 *     }
 */
export class FieldReader {
  /** Number of the current field; 0 before the first `next()`. */
  field = 0;
  /** Wire type of the current field. */
  wireType = 0;
  /** Offset of the next unread byte. */
  position: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    if (start < 0 || start > end || end > bytes.length)
      throw new RangeError('FieldReader: range outside the buffer');
    this.#bytes = bytes;
    this.#end = end;
    this.position = start;
  }

  /** Moves to the next field; false at the end. The value of the previous field must have been read or skipped. */
  next(): boolean {
    if (this.position >= this.#end) return false;
    const start = this.position;
    const tag = this.#varint32();
    if (this.position - start > 5) throw malformed('a tag is longer than 5 bytes');
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.field === 0 || this.wireType > Wire.BIT32) throw malformed(`illegal tag ${tag}`);
    return true;
  }

  /** A varint of which the low 32 bits count: uint32, and int32 and enums by `| 0`. */
  uint32(): number {
    this.#expectVarint();
    return this.#varint32();
  }

  /** A varint of 64 bits, unsigned. */
  uint64(): bigint {
    this.#expectVarint();
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw malformed('a varint is longer than 10 bytes');
  }

  /** A varint of 64 bits, signed, as a number: exact within ±2^53 and without the cost of a bigint. */
  int64Number(): number {
    this.#expectVarint();
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (index < 5) low |= bits << (7 * index);
      if (index === 4) high = bits >>> 4;
      else if (index > 4) high |= bits << (7 * index - 32);
      if (byte < 0x80) return (high | 0) * 2 ** 32 + (low >>> 0);
    }
    throw malformed('a varint is longer than 10 bytes');
  }

  bool(): boolean {
    return this.uint64() !== 0n;
  }

  /** A 32-bit IEEE 754 number. */
  float(): number {
    return this.#fixed(4).getFloat32(0, true);
  }

  /** A 64-bit IEEE 754 number. */
  double(): number {
    return this.#fixed(8).getFloat64(0, true);
  }

  /** True when nothing is left: ends the reading of a packed run, whose numbers have no tags. */
  get atEnd(): boolean {
    return this.position >= this.#end;
  }

  /** A length-delimited value as a view of the buffer: no copy, so it lives as long as the whole message. */
  bytes(): Uint8Array {
    const end = this.#lengthDelimitedEnd();
    const view = this.#bytes.subarray(this.position, end);
    this.position = end;
    return view;
  }

  /** A length-delimited value as text; MALFORMED unless it is UTF-8. */
  string(): string {
    const bytes = this.bytes();
    if (bytes.length <= MAX_SHORT_TEXT) {
      const text = asciiText(bytes);
      if (text !== undefined) return text;
    }
    try {
      return utf8.decode(bytes);
    } catch {
      throw malformed(`field ${this.field} is not UTF-8`);
    }
  }

  /** A reader of the embedded message that the current field holds. */
  message(): FieldReader {
    const end = this.#lengthDelimitedEnd();
    const nested = new FieldReader(this.#bytes, this.position, end);
    this.position = end;
    return nested;
  }

  /** Passes over the value of the current field. */
  skip(): void {
    this.#skip(0);
  }

  #skip(depth: number): void {
    switch (this.wireType) {
      case Wire.VARINT:
        this.#skipVarint();
        return;
      case Wire.BIT64:
        this.#advance(8);
        return;
      case Wire.LENGTH:
        this.position = this.#lengthDelimitedEnd();
        return;
      case Wire.START_GROUP:
        this.#skipGroup(this.field, depth + 1);
        return;
      case Wire.BIT32:
        this.#advance(4);
        return;
      default:
        throw malformed('an end-group tag without its start');
    }
  }

  #skipGroup(group: number, depth: number): void {
    if (depth > MAX_GROUP_DEPTH) throw malformed(`groups are nested deeper than ${MAX_GROUP_DEPTH}`);
    while (this.next()) {
      if (this.wireType !== Wire.END_GROUP) this.#skip(depth);
      else if (this.field === group) return;
      else throw malformed('a group ends with the tag of another');
    }
    throw malformed('a group is cut off');
  }

  #expectVarint(): void {
    if (this.wireType !== Wire.VARINT) throw malformed(`field ${this.field} is not a varint`);
  }

  #varint32(): number {
    const bytes = this.#bytes;
    let byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      if (this.position >= this.#end) break;
      byte = bytes[this.position++] ?? 0;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('a varint is cut off or longer than 10 bytes');
  }

  #skipVarint(): void {
    for (let length = 1; length <= 10; length++) {
      if (this.#byte() < 0x80) return;
    }
    throw malformed('a varint is longer than 10 bytes');
  }

  #fixed(size: number): DataView {
    const start = this.position;
    this.#advance(size);
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + start, size);
  }

  #byte(): number {
    if (this.position >= this.#end) throw malformed('the message is cut off');
    return this.#bytes[this.position++] ?? 0;
  }

  #advance(length: number): void {
    if (this.position + length > this.#end) throw malformed('the message is cut off');
    this.position += length;
  }

  #lengthDelimitedEnd(): number {
    if (this.wireType !== Wire.LENGTH) throw malformed(`field ${this.field} is not length-delimited`);
    const length = this.#varint32();
    const end = this.position + length;
    if (end > this.#end) throw malformed(`field ${this.field} reaches past the end of its message`);
    return end;
  }
}

/** The text, or undefined where a byte is not ASCII. */
function asciiText(bytes: Uint8Array): string | undefined {
  let text = '';
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
