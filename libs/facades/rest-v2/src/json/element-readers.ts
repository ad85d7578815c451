import type { Datatype } from '@plumbline/tensors';
import { toBfloat16 } from './half-floats.ts';
import { BACKSLASH, QUOTE, stringEnd } from './json-bytes.ts';
import { readNumber, type NumberToken } from './number-token.ts';

/** Where elements come from and where they go: one tensor on its way. */
export interface ElementTarget {
  readonly json: Buffer;
  readonly raw: Buffer;
  readonly view: DataView;
}

/** Why an element cannot be taken. */
export class ElementError extends Error {}

/**
 * Reads the element at `at` of the JSON and writes it at `to`. Answers just behind it; where the next element goes is
 * `to` plus the datatype's size, and for BYTES what `writtenBytes` says.
 * @throws ElementError
 */
export interface ElementReader {
  read(target: ElementTarget, at: number, to: number): number;
}

/** Halfway between BF16's largest number and the next power of two: from here on, to nearest is infinity. */
const BF16_OVERFLOW = 2 ** 128 - 2 ** 119;
const token: NumberToken = { end: 0, value: 0, isInteger: false };

type Write = (view: DataView, to: number, value: number) => void;

const found = ({ json }: ElementTarget, at: number): string => {
  const [text = ''] = /^("(?:[^"\\]|\\.)*"?|[^\s,\]]*)/u.exec(json.toString('utf8', at, at + 64)) ?? [];
  return text === '' ? 'nothing' : text.length < 40 ? text : `${text.slice(0, 40)}…`;
};

function integer(datatype: Datatype, bits: 8 | 16 | 32, signed: boolean, write: Write): ElementReader {
  const min = signed ? -(2 ** (bits - 1)) : 0;
  const max = signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  return {
    read(target, at, to) {
      if (!readNumber(target.json, at, token) || !token.isInteger) {
        throw new ElementError(`${datatype} needs an integer, not ${found(target, at)}`);
      }
      if (token.value < min || token.value > max) {
        throw new ElementError(`${found(target, at)} is outside the range of ${datatype}`);
      }
      write(target.view, to, token.value);
      return token.end;
    },
  };
}

const TWO_32 = 2 ** 32;
const MAX_LONG_LENGTH = '-9223372036854775808'.length;
const BEYOND = 2n ** 64n;

/** 64 bits of an integer, exactly. */
function long(datatype: Datatype, min: bigint, max: bigint): ElementReader {
  return {
    read(target, at, to) {
      if (!readNumber(target.json, at, token) || !token.isInteger) {
        throw new ElementError(`${datatype} needs an integer, not ${found(target, at)}`);
      }
      const { end, value } = token;
      if (Number.isSafeInteger(value) && (value >= 0 || min < 0n)) {
        const high = Math.floor(value / TWO_32);
        target.view.setUint32(to, value - high * TWO_32, true);
        target.view.setInt32(to + 4, high, true);
        return end;
      }
      // More digits than 64 bits ever have are not worth their conversion, which takes long where they are many.
      const exact = end - at > MAX_LONG_LENGTH ? BEYOND : BigInt(target.json.toString('latin1', at, end));
      if (exact < min || exact > max)
        throw new ElementError(`${found(target, at)} is outside the range of ${datatype}`);
      target.view.setBigInt64(to, BigInt.asIntN(64, exact), true);
      return end;
    },
  };
}

/** As Python writes them bare, and as protobuf's JSON quotes them. */
const SPECIAL = /^(?:NaN|-?Infinity|"NaN"|"-?Infinity")(?=[\s,\]])/u;

/** `rounded` is what the datatype makes of a number: a finite one that turns infinite is out of range. */
function float(datatype: Datatype, rounded: (value: number) => number, write: Write): ElementReader {
  return {
    read(target, at, to) {
      if (!readNumber(target.json, at, token)) return special(datatype, target, at, to, write);
      if (!Number.isFinite(rounded(token.value))) {
        throw new ElementError(`${found(target, at)} is outside the range of ${datatype}`);
      }
      write(target.view, to, token.value);
      return token.end;
    },
  };
}

function special(datatype: Datatype, target: ElementTarget, at: number, to: number, write: Write): number {
  const [text] = SPECIAL.exec(target.json.toString('latin1', at, at + 16)) ?? [];
  if (text === undefined) throw new ElementError(`${datatype} needs a number, not ${found(target, at)}`);
  write(target.view, to, Number(text.replaceAll('"', '')));
  return at + text.length;
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

const bool: ElementReader = {
  read(target, at, to) {
    const value = isAt(target.json, at, TRUE) ? 1 : 0;
    if (value === 0 && !isAt(target.json, at, FALSE)) {
      throw new ElementError(`BOOL needs true or false, not ${found(target, at)}`);
    }
    target.raw[to] = value;
    return at + (value === 1 ? TRUE : FALSE).length;
  },
};

function isAt(json: Buffer, at: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index++) if (json[at + index] !== word[index]) return false;
  return true;
}

const FIRST_PRINTABLE = 0x20;

/** A string's UTF-8 behind its length. Without escapes the bytes are those of the JSON. */
const text: ElementReader = {
  read(target, at, to) {
    const { json, raw, view } = target;
    if (json[at] !== QUOTE) throw new ElementError(`BYTES needs a string, not ${found(target, at)}`);
    const end = stringEnd(json, at);
    let plain = true;
    for (let index = at + 1; index < end - 1; index++) {
      const byte = json[index] ?? 0;
      if (byte < FIRST_PRINTABLE) throw new ElementError('a control character in a string must be escaped');
      if (byte === BACKSLASH) plain = false;
    }
    const written = plain
      ? json.copy(raw, to + 4, at + 1, end - 1)
      : raw.write(unescaped(target, at, end), to + 4);
    view.setUint32(to, written, true);
    return end;
  },
};

function unescaped(target: ElementTarget, at: number, end: number): string {
  let value: unknown;
  try {
    value = JSON.parse(target.json.toString('utf8', at, end));
  } catch {
    throw new ElementError(`${found(target, at)} has an escape that JSON does not know`);
  }
  const decoded = String(value);
  if (!decoded.isWellFormed()) {
    throw new ElementError(
      `${found(target, at)} has half of a surrogate pair, which is no UTF-8: send binary data`,
    );
  }
  return decoded;
}

/** Bytes that the BYTES element at `to` takes, its length included. */
export function writtenBytes({ view }: ElementTarget, to: number): number {
  return 4 + view.getUint32(to, true);
}

/** How the JSON form of each datatype is read. Floats are rounded to nearest, ties to even; integers never. */
export const ELEMENT_READERS: Readonly<Record<Datatype, ElementReader>> = {
  BOOL: bool,
  UINT8: integer('UINT8', 8, false, (view, to, value) => view.setUint8(to, value)),
  UINT16: integer('UINT16', 16, false, (view, to, value) => view.setUint16(to, value, true)),
  UINT32: integer('UINT32', 32, false, (view, to, value) => view.setUint32(to, value, true)),
  UINT64: long('UINT64', 0n, 2n ** 64n - 1n),
  INT8: integer('INT8', 8, true, (view, to, value) => view.setInt8(to, value)),
  INT16: integer('INT16', 16, true, (view, to, value) => view.setInt16(to, value, true)),
  INT32: integer('INT32', 32, true, (view, to, value) => view.setInt32(to, value, true)),
  INT64: long('INT64', -(2n ** 63n), 2n ** 63n - 1n),
  FP16: float('FP16', Math.f16round, (view, to, value) => view.setFloat16(to, value, true)),
  BF16: float(
    'BF16',
    (value) => (Math.abs(value) < BF16_OVERFLOW ? value : Infinity),
    (view, to, value) => view.setUint16(to, toBfloat16(value), true),
  ),
  FP32: float('FP32', Math.fround, (view, to, value) => view.setFloat32(to, value, true)),
  FP64: float(
    'FP64',
    (value) => value,
    (view, to, value) => view.setFloat64(to, value, true),
  ),
  BYTES: text,
};
