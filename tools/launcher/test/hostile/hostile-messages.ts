import { ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';

const VARINT = 0;
const BIT64 = 1;
const LENGTH = 2;
const START_GROUP = 3;
const BIT32 = 5;

const MEBIBYTE = 1_048_576;
/** A field number that no message here declares. */
const UNKNOWN_FIELD = 1_000;
/** Message types may contain themselves. */
const MAX_DEPTH = 5;

/** Values that every field of a message is filled with at once. */
interface Filling {
  readonly text: Buffer;
  readonly integer: bigint;
  readonly number: number;
}

const FILLINGS: readonly (readonly [string, Filling])[] = [
  ['U+0000 in every text', { text: Buffer.from('a\0b'), integer: 1n, number: Number.NaN }],
  ['the greatest integers', { text: Buffer.from('flight_delay'), integer: 2n ** 63n - 1n, number: Infinity }],
  ['the least integers', { text: Buffer.from('outcomes'), integer: 2n ** 63n, number: -Infinity }],
  ['texts that are no UTF-8', { text: Buffer.from([0xed, 0xa0, 0x80]), integer: 1n, number: 1 }],
  ['SQL', { text: Buffer.from(`'; DROP TABLE record; --`), integer: 3n, number: 0 }],
  ['a path', { text: Buffer.from('../../../../etc/passwd'), integer: 0n, number: 1e308 }],
  ['a prototype', { text: Buffer.from('__proto__'), integer: 1n, number: 1 }],
  ['long texts', { text: Buffer.alloc(40_000, '漢'), integer: 1n, number: 1 }],
];

/** Bytes that a malicious or broken client may send in place of an `input`, each with what is wrong with it. */
export function* hostileMessages(input: DescMessage): Generator<readonly [string, Buffer]> {
  yield ['nothing', Buffer.alloc(0)];
  yield ['no protobuf', Buffer.alloc(64, 0xff)];
  yield ['a message that is cut off', Buffer.from([0x0a, 0x7f, 0x01])];
  yield ['groups nested 50,000 deep', repeated(tag(UNKNOWN_FIELD, START_GROUP), 100_000)];
  yield [
    'a million unknown fields',
    repeated(Buffer.concat([tag(UNKNOWN_FIELD, VARINT), varint(1n)]), 3 * MEBIBYTE),
  ];
  yield ['more bytes than any method takes', lengthDelimited(UNKNOWN_FIELD, Buffer.alloc(5 * MEBIBYTE))];
  for (const field of input.fields) {
    yield [`${field.name} of a wrong wire type`, wrongWireType(field)];
    if (field.fieldKind === 'list' || field.fieldKind === 'map') {
      yield [
        `a million empty ${field.name}`,
        repeated(lengthDelimited(field.number, Buffer.alloc(0)), 2 * MEBIBYTE),
      ];
    }
  }
  for (const [what, filling] of FILLINGS) yield [what, filled(input, filling, 0)];
}

function wrongWireType(field: DescField): Buffer {
  const isNumber =
    field.fieldKind === 'enum' ||
    (field.fieldKind === 'scalar' && field.scalar !== ScalarType.STRING && field.scalar !== ScalarType.BYTES);
  return isNumber
    ? lengthDelimited(field.number, Buffer.from('abc'))
    : Buffer.concat([tag(field.number, BIT64), Buffer.alloc(8, 1)]);
}

function filled(message: DescMessage, filling: Filling, depth: number): Buffer {
  if (depth > MAX_DEPTH) return Buffer.alloc(0);
  const fields = message.fields.filter(
    (field) => field.oneof === undefined || field.oneof.fields[0] === field,
  );
  return Buffer.concat(fields.map((field) => filledField(field, filling, depth)));
}

function filledField(field: DescField, filling: Filling, depth: number): Buffer {
  const { number } = field;
  switch (field.fieldKind) {
    case 'scalar':
      return filledScalar(number, field.scalar, filling);
    case 'enum':
      return Buffer.concat([tag(number, VARINT), varint(1n)]);
    case 'message':
      return lengthDelimited(number, filled(field.message, filling, depth + 1));
    case 'list':
      if (field.listKind === 'message')
        return lengthDelimited(number, filled(field.message, filling, depth + 1));
      return filledScalar(number, field.listKind === 'enum' ? ScalarType.INT32 : field.scalar, filling);
    case 'map': {
      const value =
        field.mapKind === 'message'
          ? lengthDelimited(2, filled(field.message, filling, depth + 1))
          : filledScalar(2, field.mapKind === 'enum' ? ScalarType.INT32 : field.scalar, filling);
      return lengthDelimited(number, Buffer.concat([filledScalar(1, field.mapKey, filling), value]));
    }
  }
}

function filledScalar(field: number, scalar: ScalarType, { text, integer, number }: Filling): Buffer {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return lengthDelimited(field, text);
    case ScalarType.DOUBLE: {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(number);
      return Buffer.concat([tag(field, BIT64), bytes]);
    }
    case ScalarType.FLOAT: {
      const bytes = Buffer.alloc(4);
      bytes.writeFloatLE(number);
      return Buffer.concat([tag(field, BIT32), bytes]);
    }
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return Buffer.concat([tag(field, BIT64), Buffer.alloc(8, 0xff)]);
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return Buffer.concat([tag(field, BIT32), Buffer.alloc(4, 0xff)]);
    default:
      return Buffer.concat([tag(field, VARINT), varint(integer)]);
  }
}

const tag = (field: number, wireType: number): Buffer => varint(BigInt(field * 8 + wireType));

function lengthDelimited(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([tag(field, LENGTH), varint(BigInt(bytes.length)), bytes]);
}

/** Whole repetitions of `unit` in at most `sizeBytes`. */
function repeated(unit: Buffer, sizeBytes: number): Buffer {
  return Buffer.alloc(sizeBytes - (sizeBytes % unit.length), unit);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
