import { create, fromBinary, toBinary, type DescMessage, type Message } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { StructSchema, ValueSchema, type Value, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PACKED_PER_ELEMENT, countElements } from './count-elements.ts';
import { WireError } from './wire-error.ts';

/** Deeply nested, with maps, oneofs and lists: what JSON can say, as google.protobuf.Struct. */
const struct = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 6 });
/** Packed and unpacked numbers, enums, strings and messages in messages. */
const descriptor = fc.record({
  name: fc.string(),
  dependency: fc.array(fc.string(), { maxLength: 5 }),
  publicDependency: fc.array(fc.integer({ min: 0, max: 0x7fff_ffff }), { maxLength: 40 }),
  messageType: fc.array(
    fc.record({
      name: fc.string(),
      field: fc.array(
        fc.record({ name: fc.string(), number: fc.nat(), type: fc.integer({ min: 1, max: 18 }) }),
      ),
    }),
    { maxLength: 5 },
  ),
  sourceCodeInfo: fc.record({
    location: fc.array(fc.record({ path: fc.array(fc.nat(), { maxLength: 50 }), span: fc.array(fc.nat()) })),
  }),
});

describe('countElements', () => {
  it('counts what a walk over the decoded message counts', () => {
    fc.assert(
      fc.property(struct, (json) => {
        const bytes = toBinary(StructSchema, structOf(json));
        expect(countElements(StructSchema, bytes, Infinity)).toBe(walk(StructSchema, bytes));
      }),
    );
    fc.assert(
      fc.property(descriptor, (init) => {
        const bytes = toBinary(FileDescriptorProtoSchema, create(FileDescriptorProtoSchema, init));
        expect(countElements(FileDescriptorProtoSchema, bytes, Infinity)).toBe(
          walk(FileDescriptorProtoSchema, bytes),
        );
      }),
    );
  });

  it('never lets a decoder make more elements than it counted, whatever is done to the bytes', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(struct, damage, (json, changes) => {
        const bytes = toBinary(StructSchema, structOf(json));
        for (const [at, value] of changes) if (bytes.length > 0) bytes[at % bytes.length] = value;
        const counted = outcome(() => countElements(StructSchema, bytes, Infinity));
        if (typeof counted !== 'number') expect(counted).toBeInstanceOf(WireError);
        else expect(made(StructSchema, bytes)).toBeLessThanOrEqual(counted);
      }),
      { numRuns: 500 },
    );
  });

  it('throws nothing but WireError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const counted = outcome(() => countElements(FileDescriptorProtoSchema, bytes, 1_000));
        if (typeof counted !== 'number') expect(counted).toBeInstanceOf(WireError);
      }),
      { numRuns: 2_000 },
    );
  });

  it('stops at the limit', () => {
    const message = create(FileDescriptorProtoSchema, { dependency: ['a', 'b', 'c'] });
    const bytes = toBinary(FileDescriptorProtoSchema, message);
    expect(countElements(FileDescriptorProtoSchema, bytes, 3)).toBe(3);
    expect(() => countElements(FileDescriptorProtoSchema, bytes, 2)).toThrow(
      expect.objectContaining({ fault: 'TOO_MANY_ELEMENTS' }),
    );
  });

  it('refuses nesting that a decoder would recurse into too deeply', () => {
    let value: Value = create(ValueSchema, { kind: { case: 'boolValue', value: true } });
    for (let depth = 0; depth < 60; depth++) {
      value = create(ValueSchema, { kind: { case: 'listValue', value: { values: [value] } } });
    }
    const bytes = toBinary(ValueSchema, value);
    expect(() => countElements(ValueSchema, bytes, Infinity)).toThrow(
      expect.objectContaining({ fault: 'TOO_DEEP' }),
    );
  });

  it('refuses a known field with a wire type that its declaration excludes', () => {
    // protobuf-es would read `values` (field 1, a message) by its declared type and see two million of them.
    const disguised = Uint8Array.from([0x08, 0x00]);
    expect(() => countElements(StructSchema, disguised, Infinity)).toThrow(/wire type 0/);
  });

  it('refuses packed runs that are cut off', () => {
    const location = Uint8Array.from([0x4a, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0x80]);
    expect(() => countElements(FileDescriptorProtoSchema, location, Infinity)).toThrow(/cut off/);
  });

  it('takes unknown fields for one element each, however large', () => {
    const unknown = Uint8Array.from([0xfa, 0x01, 0x04, 0x0a, 0x00, 0x0a, 0x00]);
    expect(countElements(StructSchema, unknown, Infinity)).toBe(1);
  });
});

type Json = Parameters<typeof structOf>[0];

function structOf(
  json: Readonly<Record<string, unknown>>,
): Message<'google.protobuf.Struct'> & { fields: Record<string, Value> } {
  const fields = Object.fromEntries(Object.entries(json).map(([key, value]) => [key, valueOf(value)]));
  return create(StructSchema, { fields });
}

function valueOf(json: unknown): Value {
  if (json === null) return create(ValueSchema, { kind: { case: 'nullValue', value: 0 } });
  if (typeof json === 'boolean') return create(ValueSchema, { kind: { case: 'boolValue', value: json } });
  if (typeof json === 'number') return create(ValueSchema, { kind: { case: 'numberValue', value: json } });
  if (typeof json === 'string')
    return create(ValueSchema, { kind: { case: 'stringValue', value: json.toWellFormed() } });
  if (Array.isArray(json)) {
    return create(ValueSchema, { kind: { case: 'listValue', value: { values: json.map(valueOf) } } });
  }
  return create(ValueSchema, { kind: { case: 'structValue', value: structOf(json as Json) } });
}

function outcome(count: () => number): unknown {
  try {
    return count();
  } catch (error) {
    return error;
  }
}

/** An encoder writes an entry, its key and its value. A decoder adds what is missing by itself. */
const WHOLE_ENTRY = 3;
const DAMAGED_ENTRY = 1;

/** What a decoder makes of the bytes; nothing when it refuses them. */
function made(schema: DescMessage, bytes: Uint8Array): number {
  const walked = outcome(() => walk(schema, bytes, DAMAGED_ENTRY));
  return typeof walked === 'number' ? walked : 0;
}

/** The naive count: decode, then walk what is there. */
function walk(schema: DescMessage, bytes: Uint8Array, entry = WHOLE_ENTRY): number {
  return count(reflect(schema, fromBinary(schema, bytes, { readUnknownFields: false })), entry);
}

function count(message: ReflectMessage, entry: number): number {
  let total = 0;
  for (const field of message.sortedFields) {
    if (!message.isSet(field)) continue;
    switch (field.fieldKind) {
      case 'message':
        total += 1 + count(message.get(field), entry);
        break;
      case 'list': {
        const values = [...message.get(field)];
        if (field.packed) total += 1 + Math.ceil(values.length / PACKED_PER_ELEMENT);
        else total += values.length;
        if (field.listKind === 'message')
          for (const value of values) total += count(value as ReflectMessage, entry);
        break;
      }
      case 'map':
        for (const value of message.get(field).values()) {
          total += entry + (field.mapKind === 'message' ? count(value as ReflectMessage, entry) : 0);
        }
        break;
      default:
        total += 1;
    }
  }
  return total;
}
