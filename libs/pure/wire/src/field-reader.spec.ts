import { describe, expect, it } from '@jest/globals';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { FieldReader } from './field-reader.ts';
import { WireError } from './wire-error.ts';

type Field =
  | { kind: 'varint'; value: bigint }
  | { kind: 'fixed32'; value: number }
  | { kind: 'fixed64'; value: bigint }
  | { kind: 'bytes'; value: Uint8Array }
  | { kind: 'string'; value: string }
  | { kind: 'group'; value: Numbered[] };
type Numbered = readonly [number, Field];

const number = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 0x1fff_ffff }));
const uint64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });

const { fields } = fc.letrec<{ fields: Numbered[]; field: Field }>((tie) => ({
  fields: fc.array(fc.tuple(number, tie('field')), { maxLength: 12 }),
  field: fc.oneof(
    { depthSize: 'small' },
    fc.record({ kind: fc.constant('varint' as const), value: uint64 }),
    fc.record({ kind: fc.constant('fixed32' as const), value: fc.integer({ min: 0, max: 0xffff_ffff }) }),
    fc.record({ kind: fc.constant('fixed64' as const), value: uint64 }),
    fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }) }),
    fc.record({ kind: fc.constant('string' as const), value: fc.string({ unit: 'grapheme' }) }),
    fc.record({ kind: fc.constant('group' as const), value: tie('fields') }),
  ),
}));

/** protobuf-es's own writer is the oracle of what the bytes mean. */
function write(writer: BinaryWriter, [no, field]: Numbered): BinaryWriter {
  switch (field.kind) {
    case 'varint':
      return writer.tag(no, WireType.Varint).uint64(field.value);
    case 'fixed32':
      return writer.tag(no, WireType.Bit32).fixed32(field.value);
    case 'fixed64':
      return writer.tag(no, WireType.Bit64).fixed64(field.value);
    case 'bytes':
      return writer.tag(no, WireType.LengthDelimited).bytes(field.value);
    case 'string':
      return writer.tag(no, WireType.LengthDelimited).string(field.value);
    case 'group':
      writer.tag(no, WireType.StartGroup);
      for (const nested of field.value) write(writer, nested);
      return writer.tag(no, WireType.EndGroup);
  }
}

const serialise = (message: readonly Numbered[]): Buffer => {
  const writer = new BinaryWriter();
  for (const field of message) write(writer, field);
  return Buffer.from(writer.finish());
};

describe('FieldReader', () => {
  it('reads every field that protobuf-es writes, in order', () => {
    fc.assert(
      fc.property(fields, (message) => {
        const reader = new FieldReader(serialise(message));
        for (const [no, field] of message) {
          expect(reader.next()).toBe(true);
          expect(reader.field).toBe(no);
          expect(read(reader, field)).toEqual(readable(field));
        }
        expect(reader.next()).toBe(false);
      }),
    );
  });

  it('passes over every field without losing its place', () => {
    fc.assert(
      fc.property(fields, (message) => {
        const reader = new FieldReader(serialise(message));
        const seen: number[] = [];
        while (reader.next()) {
          seen.push(reader.field);
          reader.skip();
        }
        expect(seen).toEqual(message.map(([no]) => no));
      }),
    );
  });

  it('throws nothing but WireError on any bytes, and always ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(6), (bytes, way) => {
        const reader = new FieldReader(bytes);
        try {
          while (reader.next()) readSomehow(reader, way);
          expect(reader.position).toBe(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
          expect(reader.position).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('gives length-delimited values as views, Buffers for a Buffer', () => {
    const bytes = serialise([[1, { kind: 'bytes', value: new Uint8Array([1, 2, 3]) }]]);
    const reader = new FieldReader(bytes);
    reader.next();
    const value = reader.bytes();
    expect(Buffer.isBuffer(value)).toBe(true);
    expect(value.buffer).toBe(bytes.buffer);
  });

  it('confines an embedded message to its own bytes', () => {
    const overrun = Buffer.from([0x0a, 0x02, 0x0a, 0x05, 1, 2, 3, 4, 5]);
    const reader = new FieldReader(overrun);
    reader.next();
    const nested = reader.message();
    nested.next();
    expect(() => nested.bytes()).toThrow(/past the end/);
  });

  it.each([
    ['field number 0', [0x00]],
    ['wire type 6', [0x0e]],
    ['an end of group without a start', [0x0c]],
    ['a group that ends as another', [0x0b, 0x14]],
    ['a group that does not end', [0x0b]],
    ['a varint without an end', [0x08, 0xff, 0xff]],
    ['a varint of eleven bytes', [0x08, ...Array<number>(10).fill(0x80), 0x01]],
    ['a tag of six bytes', [0x88, 0x80, 0x80, 0x80, 0x80, 0x00]],
    ['a length beyond the end', [0x0a, 0x05, 0x01]],
    ['four bytes too few', [0x0d, 1, 2, 3]],
  ])('refuses %s', (_what, bytes) => {
    const reader = new FieldReader(Uint8Array.from(bytes));
    expect(() => {
      while (reader.next()) reader.skip();
    }).toThrow(WireError);
  });

  it.each([
    ['text that is not UTF-8', [0x0a, 0x01, 0xff], (reader: FieldReader) => reader.string()],
    ['a varint read as text', [0x08, 0x01], (reader: FieldReader) => reader.string()],
    ['text read as a varint', [0x0a, 0x01, 0x61], (reader: FieldReader) => reader.uint32()],
    ['text read as a long varint', [0x0a, 0x01, 0x61], (reader: FieldReader) => reader.uint64()],
  ])('refuses %s', (_what, bytes, read) => {
    const reader = new FieldReader(Uint8Array.from(bytes));
    reader.next();
    expect(() => read(reader)).toThrow(WireError);
  });

  it('refuses groups nested without end', () => {
    const reader = new FieldReader(new Uint8Array(10_000).fill(0x0b));
    reader.next();
    expect(() => {
      reader.skip();
    }).toThrow(/deeper/);
  });
});

function read(reader: FieldReader, field: Field): unknown {
  switch (field.kind) {
    case 'varint':
      return reader.uint64();
    case 'bytes':
      return [...reader.bytes()];
    case 'string':
      return reader.string();
    default:
      reader.skip();
      return field.kind;
  }
}

function readable(field: Field): unknown {
  if (field.kind === 'bytes') return [...field.value];
  return field.kind === 'varint' || field.kind === 'string' ? field.value : field.kind;
}

function readSomehow(reader: FieldReader, way: number): void {
  const ways = [
    () => reader.uint32(),
    () => reader.uint64(),
    () => reader.bool(),
    () => reader.bytes(),
    () => reader.string(),
    () => {
      const nested = reader.message();
      while (nested.next()) nested.skip();
    },
  ];
  (ways[way] ?? (() => undefined))();
  if (way >= ways.length) reader.skip();
}
