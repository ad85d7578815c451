import { describe, expect, it } from '@jest/globals';
import {
  DATATYPES,
  decodeElements,
  elementCount,
  encodeElements,
  type Datatype,
  type Element,
} from '@plumbline/tensors';
import fc from 'fast-check';
import { thrown } from '../../test/thrown.ts';
import { toBfloat16 } from './half-floats.ts';
import { TensorReader } from './tensor-reader.ts';
import { tensorText } from './tensor-text.ts';

function reader(datatype: Datatype, shape: readonly number[], data: string): TensorReader {
  const json = Buffer.from(`{"data":${data}}`);
  const range = { start: 8, end: json.length - 1 };
  return new TensorReader({ field: 'inputs[0]', datatype, shape, json, range });
}

function read(datatype: Datatype, shape: readonly number[], data: string, slice = Infinity): Buffer {
  const tensor = reader(datatype, shape, data);
  while (!tensor.read(slice));
  return tensor.raw;
}

/** Elements as a program holds them; FP16 and BF16 as numbers, BYTES as text. */
type Value = number | bigint | boolean | string;

const words = fc.string({ unit: fc.constantFrom('a', '"', '\\', ']', ',', 'ü', '𝄞', '\n', '\u0000') });
const VALUES: Readonly<Record<Datatype, fc.Arbitrary<Value>>> = {
  BOOL: fc.boolean(),
  UINT8: fc.integer({ min: 0, max: 255 }),
  UINT16: fc.integer({ min: 0, max: 65_535 }),
  UINT32: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  UINT64: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat()),
  INT8: fc.integer({ min: -128, max: 127 }),
  INT16: fc.integer({ min: -32_768, max: 32_767 }),
  INT32: fc.integer(),
  INT64: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger()),
  FP16: fc.double({ noNaN: true, min: -65_504, max: 65_504 }),
  BF16: fc.double({ noNaN: true, min: -3e38, max: 3e38 }),
  FP32: fc.double({ noNaN: true, min: -3.4e38, max: 3.4e38 }),
  FP64: fc.double({ noDefaultInfinity: true, noNaN: true }),
  BYTES: words,
};

const halfBits = new DataView(new ArrayBuffer(2));
function float16Bits(value: number): number {
  halfBits.setFloat16(0, value);
  return halfBits.getUint16(0);
}

function elementOf(datatype: Datatype, value: Value): Element {
  if (datatype === 'FP16') return float16Bits(Number(value));
  if (datatype === 'BF16') return toBfloat16(Number(value));
  return typeof value === 'string' ? Buffer.from(value) : value;
}

const textOf = (value: Value): string => {
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
};

/** Elements as an array per dimension. */
function nested(texts: readonly string[], shape: readonly number[], comma: string): string {
  const [size = 0, ...inner] = shape;
  if (inner.length === 0) return `[${texts.join(comma)}]`;
  const each = texts.length / Math.max(1, size);
  const rows = Array.from({ length: size }, (_, row) =>
    nested(texts.slice(row * each, (row + 1) * each), inner, comma),
  );
  return `[${rows.join(comma)}]`;
}

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
const tensors = fc.tuple(fc.constantFrom(...DATATYPES), shapes).chain(([datatype, shape]) => {
  const count = elementCount(shape);
  const values = fc.array(VALUES[datatype], { minLength: count, maxLength: count });
  return fc.record({ datatype: fc.constant(datatype), shape: fc.constant(shape), values });
});

describe('a tensor in JSON', () => {
  it('is read as its elements encoded one by one, flat or nested, in slices of any length', () => {
    const commas = fc.constantFrom(',', ' ,\n ', '\t,');
    fc.assert(
      fc.property(
        tensors,
        fc.boolean(),
        commas,
        fc.integer({ min: 1, max: 9 }),
        (tensor, isFlat, comma, slice) => {
          const { datatype, shape, values } = tensor;
          const data = nested(
            values.map(textOf),
            isFlat ? [values.length] : shape.length === 0 ? [1] : shape,
            comma,
          );
          const expected = encodeElements(
            datatype,
            values.map((value) => elementOf(datatype, value)),
          );
          expect(read(datatype, shape, data, slice)).toEqual(expected);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('is written so that it reads back as the same bits', () => {
    const raws = fc.constantFrom(...DATATYPES).chain((datatype) => {
      const bytes = datatype === 'BYTES' ? fc.constant(Buffer.alloc(0)) : fc.uint8Array({ maxLength: 64 });
      return fc.record({ datatype: fc.constant(datatype), bytes });
    });
    fc.assert(
      fc.property(raws, ({ datatype, bytes }) => {
        const size =
          datatype === 'BYTES' ? 1 : encodeElements(datatype, [datatype === 'BOOL' ? false : 0]).length;
        const raw = bytes
          .slice(0, bytes.length - (bytes.length % size))
          .map((byte) => (datatype === 'BOOL' ? byte & 1 : byte));
        const text = `[${[...tensorText(datatype, raw, 'y')].join('')}]`;
        const again = read(datatype, [raw.length / size], text);
        expect(withoutPayloads(datatype, again)).toEqual(withoutPayloads(datatype, raw));
      }),
      { numRuns: 1_000 },
    );
  });

  it('is written as text that JSON.parse reads', () => {
    const texts = fc.array(words);
    fc.assert(
      fc.property(texts, (values) => {
        const raw = encodeElements(
          'BYTES',
          values.map((value) => Buffer.from(value)),
        );
        expect(JSON.parse(`[${[...tensorText('BYTES', raw, 'y')].join('')}]`)).toEqual(values);
      }),
    );
    const floats = encodeElements('FP64', [
      NaN,
      Infinity,
      -Infinity,
      -0,
      0,
      0.1,
      5e-324,
      1.7976931348623157e308,
    ]);
    expect([...tensorText('FP64', floats, 'y')].join('')).toBe(
      '"NaN","Infinity","-Infinity",-0.0,0,0.1,5e-324,1.7976931348623157e+308',
    );
  });

  it('is written in slices', () => {
    const raw = new Uint8Array(40_000).fill(7);
    const slices = [...tensorText('UINT8', raw, 'y')];
    expect(slices.length).toBeGreaterThan(2);
    expect(slices.join('')).toBe(Array.from(raw).join(','));
  });

  it('refuses to write bytes that are no text', async () => {
    const raw = encodeElements('BYTES', [Buffer.from('a'), Buffer.from([0xff])]);
    const refused = await thrown(() => [...tensorText('BYTES', raw, 'label')]);
    expect(refused).toMatchObject({ reason: 'OUTPUT_NOT_TEXT' });
    expect(String(refused)).toContain('element 1 of the output "label"');
  });

  it.each(['FP16', 'BF16', 'FP32', 'FP64'] as const)(
    'takes what JSON has no number for, bare or quoted, as %s',
    (datatype) => {
      const raw = read(datatype, [6], '[NaN,Infinity,-Infinity,"NaN","Infinity","-Infinity"]');
      const text = [...tensorText(datatype, raw, 'y')].join('');
      expect(text).toBe('"NaN","Infinity","-Infinity","NaN","Infinity","-Infinity"');
    },
  );

  it('keeps 64 bits exactly', () => {
    const texts = [
      '-9223372036854775808',
      '9223372036854775807',
      '-9007199254740993',
      '-1',
      '0',
      '-0',
      '4294967296',
    ];
    const raw = read('INT64', [7], `[${texts.join(',')}]`);
    expect(decodeElements('INT64', raw)).toEqual(texts.map(BigInt));
    expect(decodeElements('UINT64', read('UINT64', [1], '[18446744073709551615]'))).toEqual([2n ** 64n - 1n]);
  });

  it('takes tensors without elements', () => {
    expect(read('FP32', [0], '[]')).toHaveLength(0);
    expect(read('BYTES', [0, 3], '[ ]')).toHaveLength(0);
    expect(read('INT8', [2, 0], '[[],[]]')).toHaveLength(0);
  });

  it.each<[string, Datatype, number[], string, RegExp]>([
    ['too few elements', 'FP32', [3], '[1,2]', /fewer elements than the 3 of the shape \[3\]/],
    ['far too few elements', 'FP32', [1e9], '[1]', /fewer elements than the 1000000000 of/],
    ['too many elements', 'FP32', [2], '[1,2,3]', /element 2: more elements than the 2/],
    ['a shape without a count', 'FP32', [2 ** 40, 2 ** 40], '[1]', /has no element count/],
    [
      'ragged rows',
      'INT8',
      [2, 2],
      '[[1,2,3],[4]]',
      /element 3: an array of 3 where the shape \[2,2\] has 2/,
    ],
    ['a missing row', 'INT8', [3, 2], '[[1,2],[3,4]]', /an array of 2 where the shape \[3,2\] has 3/],
    ['the wrong depth', 'INT8', [1, 4], '[[[1,2,3,4]]]', /neither flat nor nested as the shape \[1,4\] says/],
    ['a depth that changes', 'INT8', [2, 2], '[[1,2],3,4]', /element 2: data is neither flat nor nested/],
    ['an array among flat elements', 'INT8', [2], '[1,[2]]', /element 1: data is neither flat nor nested/],
    ['a fraction', 'INT32', [1], '[1.5]', /element 0: INT32 needs an integer, not 1\.5/],
    ['an integer with a point', 'INT64', [1], '[1.0]', /INT64 needs an integer, not 1\.0/],
    ['a large integer', 'UINT8', [2], '[255,256]', /element 1: 256 is outside the range of UINT8/],
    ['a negative integer', 'UINT64', [1], '[-1]', /-1 is outside the range of UINT64/],
    [
      '65 bits',
      'UINT64',
      [1],
      '[18446744073709551616]',
      /18446744073709551616 is outside the range of UINT64/,
    ],
    ['64 bits unsigned', 'INT64', [1], '[9223372036854775808]', /outside the range of INT64/],
    ['a million digits', 'INT64', [1], `[${'9'.repeat(1_000_000)}]`, /outside the range of INT64/],
    ['a number for BOOL', 'BOOL', [2], '[true,1]', /element 1: BOOL needs true or false, not 1/],
    ['a string for FP32', 'FP32', [1], '["1"]', /FP32 needs a number, not "1"/],
    ['null', 'FP32', [1], '[null]', /FP32 needs a number, not null/],
    ['an object', 'FP32', [1], '[{"a":1}]', /FP32 needs a number, not \{"a":1\}/],
    ['what is too large for FP32', 'FP32', [1], '[1e39]', /1e39 is outside the range of FP32/],
    ['what is too large for FP64', 'FP64', [1], '[1e309]', /1e309 is outside the range of FP64/],
    ['what is too large for FP16', 'FP16', [1], '[65520]', /65520 is outside the range of FP16/],
    ['what is too large for BF16', 'BF16', [1], '[3.4e38]', /3.4e38 is outside the range of BF16/],
    ['a number for BYTES', 'BYTES', [1], '[7]', /BYTES needs a string, not 7/],
    ['half of a surrogate pair', 'BYTES', [1], String.raw`["\ud834"]`, /half of a surrogate pair/],
    ['an unknown escape', 'BYTES', [1], String.raw`["\x"]`, /an escape that JSON does not know/],
    ['a bare control character', 'BYTES', [1], '["\n"]', /control character/],
    ['a missing comma', 'INT8', [2], '[1 2]', /a comma is missing before 2/],
    ['two commas', 'INT8', [2], '[1,,2]', /INT8 needs an integer, not nothing/],
    ['a comma at the end', 'INT8', [2], '[1,2,]', /element 2: more elements/],
    ['a number that runs on', 'INT8', [2], '[12abc,3]', /a comma is missing before abc/],
  ])('refuses %s', async (_what, datatype, shape, data, message) => {
    const refused = await thrown(() => read(datatype, shape, data));
    expect(refused).toMatchObject({
      reason: 'TENSOR_DATA_INVALID',
      fieldViolations: [expect.objectContaining({ field: 'inputs[0].data' })],
    });
    expect(String(refused)).toMatch(message);
  });
});

/** JSON has one NaN. */
function withoutPayloads(datatype: Datatype, raw: Uint8Array): unknown[] {
  if (datatype === 'FP16') return isolate(raw, 2, (view, at) => view.getFloat16(at, true));
  if (datatype === 'BF16') return isolate(raw, 2, (view, at) => bfloat(view.getUint16(at, true)));
  return datatype === 'BYTES' ? [] : decodeElements(datatype, raw);
}

function isolate(raw: Uint8Array, size: number, get: (view: DataView, at: number) => number): number[] {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / size }, (_, index) => get(view, index * size));
}

function bfloat(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
