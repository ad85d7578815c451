import { ScalarType, type DescEnum } from '@bufbuild/protobuf';
import type { Lexer, Token } from './lexer.ts';
import type { TextError } from './text-error.ts';

type Fail = (token: Token, problem: string) => TextError;

const RANGES: Partial<Record<ScalarType, readonly [bigint, bigint]>> = {
  [ScalarType.INT32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.SINT32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.SFIXED32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [ScalarType.UINT32]: [0n, 2n ** 32n - 1n],
  [ScalarType.FIXED32]: [0n, 2n ** 32n - 1n],
  [ScalarType.INT64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.SINT64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.SFIXED64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [ScalarType.UINT64]: [0n, 2n ** 64n - 1n],
  [ScalarType.FIXED64]: [0n, 2n ** 64n - 1n],
};
const WIDE = new Set([
  ScalarType.INT64,
  ScalarType.SINT64,
  ScalarType.SFIXED64,
  ScalarType.UINT64,
  ScalarType.FIXED64,
]);
const TRUE = new Set(['true', 'True', 't', '1']);
const FALSE = new Set(['false', 'False', 'f', '0']);

/** Reads a value of a scalar type as protobuf-es holds it: 64-bit integers as bigint, bytes as Uint8Array. */
export function readScalar(lexer: Lexer, type: ScalarType, fail: Fail): unknown {
  if (type === ScalarType.STRING || type === ScalarType.BYTES) return readString(lexer, type, fail);
  if (type === ScalarType.BOOL) return readBool(lexer, fail);
  if (type === ScalarType.FLOAT || type === ScalarType.DOUBLE) return readFloat(lexer, type, fail);
  const value = readInteger(lexer, RANGES[type] as readonly [bigint, bigint], fail);
  return WIDE.has(type) ? value : Number(value);
}

/** Reads an enum's value by name or number. Numbers without a name are refused. */
export function readEnum(lexer: Lexer, type: DescEnum, fail: Fail): number {
  const token = lexer.peek();
  if (token.kind === 'identifier') {
    lexer.take();
    const named = type.values.find(({ name }) => name === token.text);
    if (named === undefined) throw fail(token, `is "${token.text}", which ${type.name} does not have`);
    return named.number;
  }
  const number = Number(readInteger(lexer, RANGES[ScalarType.INT32] as readonly [bigint, bigint], fail));
  if (type.value[number] === undefined) throw fail(token, `is ${number}, which ${type.name} does not have`);
  return number;
}

/** Adjacent literals are one string. */
function readString(lexer: Lexer, type: ScalarType, fail: Fail): string | Uint8Array {
  const first = lexer.peek();
  const parts: Uint8Array[] = [];
  while (lexer.peek().kind === 'string') parts.push(lexer.take().bytes as Uint8Array);
  if (parts.length === 0) throw fail(first, `is ${shown(first)} where a string is expected`);
  const bytes = Buffer.concat(parts);
  if (type === ScalarType.BYTES) return new Uint8Array(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // The decoder says nothing more than that.
    throw fail(first, 'is not valid UTF-8');
  }
}

function readBool(lexer: Lexer, fail: Fail): boolean {
  const token = lexer.take();
  const mayBe = token.kind === 'identifier' || token.kind === 'decimal';
  if (mayBe && TRUE.has(token.text)) return true;
  if (mayBe && FALSE.has(token.text)) return false;
  throw fail(token, `is ${shown(token)} where true or false is expected`);
}

function readInteger(lexer: Lexer, [least, most]: readonly [bigint, bigint], fail: Fail): bigint {
  const sign = readSign(lexer);
  const token = lexer.take();
  if (token.kind !== 'decimal' && token.kind !== 'octal' && token.kind !== 'hex') {
    throw fail(token, `is ${shown(token)} where an integer is expected`);
  }
  if (token.text.length > 30) throw fail(token, `is out of range: ${least} to ${most}`);
  const value = sign * BigInt(token.kind === 'octal' ? `0o${token.text.slice(1)}` : token.text);
  if (value < least || value > most) throw fail(token, `is ${value}, out of range: ${least} to ${most}`);
  return value;
}

function readFloat(lexer: Lexer, type: ScalarType, fail: Fail): number {
  const sign = Number(readSign(lexer));
  const token = lexer.take();
  const value = sign * floatOf(token);
  if (Number.isNaN(value) && token.text.toLowerCase() !== 'nan') {
    throw fail(token, `is ${shown(token)} where a number is expected`);
  }
  return type === ScalarType.FLOAT ? Math.fround(value) : value;
}

function floatOf({ kind, text }: Token): number {
  if (kind === 'decimal' || kind === 'float') return Number(text.replace(/[fF]$/, ''));
  if (kind !== 'identifier') return Number.NaN;
  return /^inf(?:inity)?$/i.test(text) ? Infinity : Number.NaN;
}

function readSign(lexer: Lexer): 1n | -1n {
  const { kind, text } = lexer.peek();
  if (kind !== 'symbol' || text !== '-') return 1n;
  lexer.take();
  return -1n;
}

/** A token for people. */
export function shown({ kind, text }: Token): string {
  if (kind === 'end') return 'the end of the text';
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}
