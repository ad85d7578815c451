import { isUtf8 } from 'node:buffer';
import { TensorError } from './tensor-error.ts';

/** The raw form of BYTES elements: for each a 4-byte little-endian length, then its bytes. */
export function encodeBytesElements(elements: readonly Uint8Array[]): Buffer {
  let size = 0;
  for (const element of elements) size += 4 + element.length;
  const raw = Buffer.allocUnsafe(size);
  let at = 0;
  for (const element of elements) {
    at = raw.writeUInt32LE(element.length, at);
    raw.set(element, at);
    at += element.length;
  }
  return raw;
}

/**
 * The elements of a raw BYTES tensor, as views of `raw`.
 * @throws TensorError where a length reaches past the end or a prefix is cut off.
 */
export function decodeBytesElements(raw: Uint8Array, field = 'raw_input_contents'): Uint8Array[] {
  const lengths = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < raw.length) {
    if (at + 4 > raw.length) throw new TensorError(field, 'a BYTES element ends inside its length prefix');
    const end = at + 4 + lengths.getUint32(at, true);
    if (end > raw.length) throw new TensorError(field, 'a BYTES element is longer than its tensor');
    elements.push(raw.subarray(at + 4, end));
    at = end;
  }
  return elements;
}

/** Up to here a loop over ASCII is faster than the calls that judge any text. */
const MAX_SHORT_TEXT = 48;

/**
 * The number of elements of a raw BYTES tensor, each of which is text that C can hold. Makes nothing per short element,
 * so that millions of empty ones cost little.
 * @throws TensorError where a length reaches past the end, a prefix is cut off, or an element is not UTF-8 or holds a
 * zero character: then the field is `<field>[<index of the element>]`.
 */
export function countTextElements(raw: Uint8Array, field = 'raw_input_contents'): number {
  let count = 0;
  for (let at = 0; at < raw.length; count++) {
    if (at + 4 > raw.length) throw new TensorError(field, 'a BYTES element ends inside its length prefix');
    const end = at + 4 + lengthAt(raw, at);
    if (end > raw.length) throw new TensorError(field, 'a BYTES element is longer than its tensor');
    if (!isText(raw, at + 4, end)) {
      throw new TensorError(`${field}[${count}]`, 'the element is not UTF-8, or holds a zero character');
    }
    at = end;
  }
  return count;
}

function lengthAt(raw: Uint8Array, at: number): number {
  const low = (raw[at] ?? 0) | ((raw[at + 1] ?? 0) << 8) | ((raw[at + 2] ?? 0) << 16);
  return low + (raw[at + 3] ?? 0) * 0x100_0000;
}

function isText(raw: Uint8Array, start: number, end: number): boolean {
  if (end - start <= MAX_SHORT_TEXT && isAscii(raw, start, end)) return true;
  const element = raw.subarray(start, end);
  return isUtf8(element) && !element.includes(0);
}

/** Without the zero character. */
function isAscii(raw: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = raw[at] ?? 0;
    if (byte === 0 || byte >= 0x80) return false;
  }
  return true;
}

/** The first element of a raw BYTES tensor; undefined where there is no whole one. */
export function firstBytesElement(raw: Uint8Array): Uint8Array | undefined {
  if (raw.length < 4) return undefined;
  const end = 4 + new DataView(raw.buffer, raw.byteOffset, 4).getUint32(0, true);
  return end > raw.length ? undefined : raw.subarray(4, end);
}
