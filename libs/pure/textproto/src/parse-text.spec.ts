import { create, createFileRegistry, equals, type DescMessage } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  StructSchema,
} from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from '@jest/globals';
import { reflect } from '@bufbuild/protobuf/reflect';
import fc from 'fast-check';
import { parseText } from './parse-text.ts';
import { printText } from '../test/print-text.ts';
import { TextError } from './text-error.ts';

const SCALARS = ['INT32', 'INT64', 'UINT32', 'UINT64', 'SINT32', 'SINT64', 'FIXED32', 'FIXED64'] as const;
const MORE_SCALARS = ['SFIXED32', 'SFIXED64', 'FLOAT', 'DOUBLE', 'BOOL', 'STRING', 'BYTES'] as const;
const ALL = [...SCALARS, ...MORE_SCALARS];

const optional = (name: string, number: number, type: Type, more: object = {}) => ({
  name,
  number,
  type,
  label: Label.OPTIONAL,
  ...more,
});

/** A message with a field of every kind: `f_int32` …, `r_int32` … (repeated), an enum, itself, maps and a oneof. */
const All = allKinds();

function allKinds(): DescMessage {
  const singular = ALL.map((name, index) => optional(`f_${name.toLowerCase()}`, index + 1, Type[name]));
  const repeated = ALL.map((name, index) => ({
    ...optional(`r_${name.toLowerCase()}`, index + 31, Type[name]),
    label: Label.REPEATED,
  }));
  const entry = (name: string, value: object) => ({
    name,
    options: { mapEntry: true },
    field: [
      optional('key', 1, Type.STRING),
      { ...optional('value', 2, Type.MESSAGE), typeName: '.t.All', ...value },
    ],
  });
  const file = create(FileDescriptorProtoSchema, {
    name: 't.proto',
    package: 't',
    syntax: 'proto3',
    enumType: [
      {
        name: 'Color',
        value: [
          { name: 'RED', number: 0 },
          { name: 'BLUE', number: -2 },
        ],
      },
    ],
    messageType: [
      {
        name: 'All',
        nestedType: [entry('NamedEntry', {}), entry('CountsEntry', { type: Type.INT32, typeName: '' })],
        oneofDecl: [{ name: 'choice' }],
        field: [
          ...singular,
          ...repeated,
          optional('color', 70, Type.ENUM, { typeName: '.t.Color' }),
          optional('self', 71, Type.MESSAGE, { typeName: '.t.All' }),
          { ...optional('selves', 72, Type.MESSAGE, { typeName: '.t.All' }), label: Label.REPEATED },
          {
            ...optional('named', 73, Type.MESSAGE, { typeName: '.t.All.NamedEntry' }),
            label: Label.REPEATED,
          },
          {
            ...optional('counts', 74, Type.MESSAGE, { typeName: '.t.All.CountsEntry' }),
            label: Label.REPEATED,
          },
          optional('left', 75, Type.STRING, { oneofIndex: 0 }),
          optional('right', 76, Type.INT32, { oneofIndex: 0 }),
        ],
      },
    ],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  return registry.getMessage('t.All') as DescMessage;
}

const parsed = (text: string) => {
  const message = reflect(All, parseText(All, text));
  return Object.fromEntries(
    message.fields.flatMap((field) => {
      if (!message.isSet(field)) return [];
      const value: unknown = message.get(field);
      const isList = field.fieldKind === 'list' || field.fieldKind === 'map';
      return [[field.name, isList ? [...(value as Iterable<unknown>)] : value]];
    }),
  );
};

const failure = (text: string): string => {
  try {
    parseText(All, text);
    return 'parses';
  } catch (error) {
    if (error instanceof TextError) return error.message;
    throw error;
  }
};

/** The least CPU time of three. */
function parsingMs(text: string): number {
  const timesMs = [1, 2, 3].map(() => {
    const before = process.threadCpuUsage();
    failure(text);
    return process.threadCpuUsage(before).user / 1_000;
  });
  return Math.min(...timesMs);
}

describe('parseText', () => {
  it.each([
    ['', {}],
    ['# nothing\n  # but comments', {}],
    ['f_int32: 12', { f_int32: 12 }],
    ['f_int32: - 0x1f f_uint64: 0777;', { f_int32: -31, f_uint64: 511n }],
    ['f_int64: -9223372036854775808, f_uint32: 4294967295', { f_int64: -(2n ** 63n), f_uint32: 4294967295 }],
    ['f_double: 1.5e-3 f_float: .5f', { f_double: 0.0015, f_float: 0.5 }],
    ['f_double: -inf f_float: 10F', { f_double: -Infinity, f_float: 10 }],
    ['f_double: 3.', { f_double: 3 }],
    ['f_bool: True', { f_bool: true }],
    ['f_bool: t', { f_bool: true }],
    ['f_bool: 1', { f_bool: true }],
    ['f_string: "a" \'b\'\n "c" # and on\n', { f_string: 'abc' }],
    [String.raw`f_string: "\t\"\\\x41\101\u00e9\U0001F600"`, { f_string: '\t"\\AA\u00e9\u{1F600}' }],
    [String.raw`f_bytes: "\377\xfe\0"`, { f_bytes: Uint8Array.of(255, 254, 0) }],
    ['color: BLUE', { color: -2 }],
    ['color: -2', { color: -2 }],
    ['r_int32: 1 r_int32: [2, 3] r_int32: []', { r_int32: [1, 2, 3] }],
    ['right: 3', { right: 3 }],
    ['counts { key: "a" value: 1 } counts: <key: "b">', { counts: [['a', 1], ['b', 0]] }], // prettier-ignore
  ])('reads %j', (text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });

  it('reads messages in braces and angle brackets, with and without a colon, and in lists', () => {
    const text = 'self { self: < f_int32: 1 > } selves [ { f_int32: 2 }, <f_int32: 3;> ] selves: {},';
    const message = reflect(All, parseText(All, text));
    const again = printText(message);
    expect(equals(All, parseText(All, again), message.message)).toBe(true);
    expect(again.replace(/\s+/g, ' ').trim()).toBe(
      'self { self { f_int32: 1 } } selves { f_int32: 2 } selves { f_int32: 3 } selves { }',
    );
  });

  it.each([
    ['f_int32: 1\n  g: 2', '2:3: g is not a field of All'],
    ['self { f_itn32: 2 }', '1:8: self.f_itn32 is not a field of All; did you mean f_int32?'],
    ['self {\n f_int32 1 }', '2:10: self.f_int32 is followed by "1" where ":" is expected'],
    ['selves { } selves { color: GREEN }', '1:28: selves[1].color is "GREEN", which Color does not have'],
    ['color: 7', '1:8: color is 7, which Color does not have'],
    ['f_int32: 2147483648', '1:10: f_int32 is 2147483648, out of range: -2147483648 to 2147483647'],
    ['f_uint32: -1', '1:12: f_uint32 is -1, out of range: 0 to 4294967295'],
    ['f_int32: 1.5', '1:10: f_int32 is "1.5" where an integer is expected'],
    ['f_int32: 09', '1:10: "09" is no number'],
    ['f_int32: 10abc', '1:10: "10abc" is no number'],
    ['f_double: 0x10', '1:11: f_double is "0x10" where a number is expected'],
    ['f_int32: 1 f_int32: 2', '1:12: f_int32 is given twice'],
    ['left: "" right: 1', '1:10: right is given beside left, which excludes it'],
    ['f_string: "a\nb"', '1:11: the string does not end on its line'],
    [String.raw`f_string: "\q"`, String.raw`1:11: "\q" is no escape`],
    [String.raw`f_string: "\xff"`, '1:11: f_string is not valid UTF-8'],
    [String.raw`f_string: "\ud800"`, String.raw`1:11: "\ud800" is no Unicode character`],
    ['f_string: x', '1:11: f_string is "x" where a string is expected'],
    ['f_bool: 2', '1:9: f_bool is "2" where true or false is expected'],
    ['f_int32: [1]', '1:10: f_int32 is "[" where an integer is expected'],
    ['r_int32: [1,]', '1:13: r_int32[1] is "]" where an integer is expected'],
    ['r_int32: [1 2]', '1:13: r_int32 holds "2" where "," or "]" is expected'],
    ['self { f_int32: 1', '1:18: self does not end'],
    ['self { f_int32: 1 >', '1:19: self holds ">" where a field is expected'],
    ['self: 1', '1:7: self is "1" where a message in {} or <> is expected'],
    ['[t.extension]: 1', '1:1: holds "[" where a field is expected'],
    ['f_int32: 1,,', '1:12: holds "," where a field is expected'],
    ['f_int32: $', '1:10: "$" means nothing here'],
    ['counts { name: 1 }', '1:10: counts[0] holds "name" where one key and one value are expected'],
    [
      'counts { key: "a"',
      '1:18: counts[0] holds the end of the text where one key and one value are expected',
    ],
  ])('refuses %j', (text, message) => {
    expect(failure(text)).toBe(message);
  });

  it('tells which fields are given, also with their defaults', () => {
    const given: string[] = [];
    parseText(All, 'f_int32: 0 self { f_bool: false } selves [{ color: RED }, { }]', (path) =>
      given.push(path),
    );
    expect(given).toEqual([
      'f_int32',
      'self',
      'self.f_bool',
      'selves',
      'selves[0]',
      'selves[0].color',
      'selves[1]',
    ]);
  });

  it('tells where fields, items and entries begin', () => {
    const text = 'selves {\n color: RED }\nselves {}\n counts { key: "a.b"\n value: 1 }';
    const places: string[] = [];
    parseText(All, text, (path, { line, column }) => places.push(`${path} ${line}:${column}`));
    expect(places).toContain('selves[0].color 2:2');
    expect(places).toContain('selves[1] 3:8');
    expect(places).toContain('counts["a.b"] 4:9');
  });

  it('bounds nesting', () => {
    const nested = (depth: number) => `${'self{'.repeat(depth)}${'}'.repeat(depth)}`;
    expect(failure(nested(64))).toBe('parses');
    expect(failure(nested(65))).toContain('is nested deeper than 64');
    expect(failure('self{'.repeat(200_000))).toContain('is nested deeper than 64');
  });

  it('reads NaN, alone and in a list', () => {
    expect(parsed('r_float: nan r_float: -nan r_double: NaN')).toEqual({
      r_float: [NaN, NaN],
      r_double: [NaN],
    });
  });

  it('reads what a naive printer prints', () => {
    fc.assert(
      fc.property(messages, fc.boolean(), (fields, compact) => {
        const message = reflect(All);
        fields.forEach(([name, values]) => setField(message, name, values));
        const text = printText(message, compact ? ';' : '\n');
        expect(equals(All, parseText(All, text), message.message)).toBe(true);
      }),
    );
  });

  it('ends with a message or a TextError whatever the text', () => {
    const pieces = fc.constantFrom(
      ...[
        'self',
        'r_int32',
        'f_string',
        ':',
        '{',
        '}',
        '<',
        '>',
        '[',
        ']',
        ',',
        ';',
        '-',
        '1',
        '0x',
        '"',
        "'",
      ],
      ...['\\', '#', '\n', ' ', 'e+', '.', 'inf', '"a"', 'counts', 'key', 'value', '\u0000', '\ud800', 'ä'],
    );
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, (text) => void failure(text)),
      { numRuns: 2_000 },
    );
  });

  it.each<[string, (length: number) => string]>([
    ['a comment', (length) => '#'.repeat(length)],
    ['many comments', (length) => '# x\n'.repeat(length / 4)],
    ['a string without an end', (length) => `f_string: "${'a'.repeat(length)}`],
    ['many strings', (length) => `f_string: ${'"a" '.repeat(length / 4)}`],
    ['an integer', (length) => `f_int32: ${'9'.repeat(length)}`],
    ['a number that is none', (length) => `f_double: 1${'e'.repeat(length)}`],
    ['a list', (length) => `r_int32: [${'1,'.repeat(length / 2)}1]`],
    ['escapes', (length) => `f_bytes: "${String.raw`\x41`.repeat(length / 4)}"`],
  ])('takes time in proportion to the length of %s, also where it is refused', (_what, text) => {
    const [short, long] = [2 ** 15, 2 ** 18].map(text).map(parsingMs);
    // An 8-fold length takes 8-fold time, on whatever machine; where the time is quadratic, 64-fold.
    expect(long! / Math.max(short!, 10)).toBeLessThan(24);
  });

  it('knows the well-known types’ maps of messages', () => {
    const struct = parseText(
      StructSchema,
      'fields { key: "a" value { number_value: 1 } } fields: { key: "b" }',
    );
    expect(struct.fields['a']?.kind).toEqual({ case: 'numberValue', value: 1 });
    expect(struct.fields['b']?.kind.case).toBeUndefined();
  });
});

const VALUES: Record<string, fc.Arbitrary<unknown>> = {
  int32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  uint32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  // NaN equals nothing; it has a test of its own.
  float: fc.float({ noNaN: true }),
  double: fc.double({ noNaN: true }),
  bool: fc.boolean(),
  string: fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
  bytes: fc.uint8Array(),
};
const valueOf = (type: string) =>
  VALUES[
    type
      .replace(/^sint/, 'int')
      .replace(/^sfixed/, 'int')
      .replace(/^fixed/, 'uint')
  ] as fc.Arbitrary<unknown>;

const messages = fc.array(
  fc.oneof(
    ...ALL.map((name) => name.toLowerCase()).flatMap((type) => [
      valueOf(type).map((value): [string, unknown[]] => [`f_${type}`, [value]]),
      fc.array(valueOf(type), { maxLength: 3 }).map((values): [string, unknown[]] => [`r_${type}`, values]),
    ]),
    fc.constantFrom(0, -2).map((value): [string, unknown[]] => ['color', [value]]),
    fc
      .dictionary(valueOf('string') as fc.Arbitrary<string>, valueOf('int32'), { noNullPrototype: true })
      .map((record): [string, unknown[]] => ['counts', Object.entries(record)]),
  ),
  { maxLength: 8 },
);

function setField(message: ReturnType<typeof reflect>, name: string, values: readonly unknown[]): void {
  const field = message.fields.find((candidate) => candidate.name === name);
  if (field === undefined) throw new TypeError(name);
  if (field.fieldKind === 'list') for (const value of values) message.get(field).add(value);
  else if (field.fieldKind === 'map')
    for (const entry of values) message.get(field).set(...(entry as [string, unknown]));
  else message.set(field, values[0]);
}
