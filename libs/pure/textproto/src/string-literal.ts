import { TextError, type Position } from './text-error.ts';

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '?': 63,
  '\\': 92,
  "'": 39,
  '"': 34,
};
const ESCAPE = /\\(?:([abfnrtv?\\'"])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/y;

/** The bytes of a string literal without its quotes: UTF-8, and whatever octal and hexadecimal escapes say. */
export function unescapeString(text: string, position: Position): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < text.length;) {
    const escape = text.indexOf('\\', at);
    const end = escape < 0 ? text.length : escape;
    if (end > at) parts.push(Buffer.from(text.slice(at, end), 'utf8'));
    if (escape < 0) break;
    const { bytes, length } = readEscape(text, escape, position);
    parts.push(bytes);
    at = escape + length;
  }
  return Buffer.concat(parts);
}

function readEscape(text: string, at: number, position: Position) {
  ESCAPE.lastIndex = at;
  const match = ESCAPE.exec(text);
  if (match === null) throw new TextError(position, '', `"${text.slice(at, at + 2)}" is no escape`);
  const [whole, simple, octal, hex, unicode, wide] = match;
  const length = whole.length;
  if (simple !== undefined) return { bytes: Uint8Array.of(SIMPLE[simple] as number), length };
  const point = unicode ?? wide;
  if (point !== undefined) return { bytes: utf8Of(Number.parseInt(point, 16), whole, position), length };
  const value = octal === undefined ? Number.parseInt(hex as string, 16) : Number.parseInt(octal, 8);
  if (value > 255) throw new TextError(position, '', `"${whole}" is no byte`);
  return { bytes: Uint8Array.of(value), length };
}

function utf8Of(codePoint: number, escape: string, position: Position): Uint8Array {
  const surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  if (codePoint > 0x10ffff || surrogate)
    throw new TextError(position, '', `"${escape}" is no Unicode character`);
  return Buffer.from(String.fromCodePoint(codePoint), 'utf8');
}
