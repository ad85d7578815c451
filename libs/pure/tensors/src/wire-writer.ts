import { Wire } from '@plumbline/wire';

/** Bytes that a non-negative varint below 2^53 takes. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
  return size;
}

/** Bytes of a length-delimited field (number ≤ 15) with a payload of `length` bytes. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Writes protobuf fields into a buffer whose size the caller has computed; field numbers up to 15. */
export class WireWriter {
  readonly buffer: Buffer;
  #at = 0;

  constructor(sizeBytes: number) {
    this.buffer = Buffer.allocUnsafe(sizeBytes);
  }

  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.#at++] = rest;
  }

  /** Key and length of a delimited field; its payload follows. */
  delimited(field: number, length: number): void {
    this.buffer[this.#at++] = (field << 3) | Wire.LENGTH;
    this.varint(length);
  }

  bytes(field: number, payload: Uint8Array): void {
    this.delimited(field, payload.length);
    this.raw(payload);
  }

  /** `lengthBytes` is the text's size in UTF-8. */
  text(field: number, text: string, lengthBytes: number): void {
    this.delimited(field, lengthBytes);
    this.#at += this.buffer.write(text, this.#at, lengthBytes, 'utf8');
  }

  raw(payload: Uint8Array): void {
    this.buffer.set(payload, this.#at);
    this.#at += payload.length;
  }
}
