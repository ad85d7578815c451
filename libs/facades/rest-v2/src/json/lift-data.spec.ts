import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { thrown } from '../../test/thrown.ts';
import { liftData } from './lift-data.ts';
import { parseJsonBytes } from './parse-json.ts';

/** The naive way: parse all of it, then take the data out. */
function naive(text: string): { envelope: unknown; data: unknown[] } {
  const envelope = JSON.parse(text) as { inputs?: { data?: unknown }[] };
  const data: unknown[] = [];
  for (const input of Array.isArray(envelope.inputs) ? envelope.inputs : []) {
    if (!Array.isArray(input?.data)) continue;
    data.push(input.data);
    input.data = data.length - 1;
  }
  return { envelope, data };
}

async function lifted(text: string, sliceBytes?: number): Promise<{ envelope: unknown; data: unknown[] }> {
  const json = Buffer.from(text);
  const { envelope, ranges } = await liftData(json, sliceBytes);
  return {
    envelope,
    data: ranges.map(({ start, end }) => JSON.parse(json.toString('utf8', start, end)) as unknown),
  };
}

const words = fc.string({
  unit: fc.constantFrom('a', '"', '\\', ']', '[', '{', '}', ',', ':', 'ü', '𝄞', '\n'),
});
const elements = fc.array(fc.oneof(fc.integer(), words, fc.boolean(), fc.array(words, { maxLength: 3 })), {
  maxLength: 5,
});
const other = fc.oneof(
  fc.integer(),
  words,
  fc.constant(null),
  fc.record({ data: elements, inputs: elements }),
);
const input = fc.record(
  { name: words, data: elements, parameters: fc.record({ data: elements }), shape: fc.array(fc.nat()) },
  { requiredKeys: [] },
);
const requests = fc.record(
  {
    id: words,
    inputs: fc.array(input, { maxLength: 4 }),
    outputs: fc.array(other),
    data: elements,
    x: other,
  },
  { requiredKeys: [] },
);

const spaces = fc.constantFrom(undefined, 1, '\t\r\n');
const slices = fc.constantFrom(undefined, 1, 2, 7);

describe('lifting the data out of a request', () => {
  it('leaves the rest as it is and the data where it is, in slices of any length', async () => {
    await fc.assert(
      fc.asyncProperty(requests, spaces, slices, async (request, space, sliceBytes) => {
        const text = JSON.stringify(request, undefined, space);
        expect(await lifted(text, sliceBytes)).toEqual(naive(text));
      }),
      { numRuns: 500 },
    );
  });

  it('knows keys by what they say, not by how they are written', async () => {
    const text = String.raw`{"\u0069nputs":[{"d\u0061ta":[1,2]}]}`;
    expect(await lifted(text)).toEqual({ envelope: { inputs: [{ data: 0 }] }, data: [[1, 2]] });
  });

  it('keeps integers that a number cannot hold', async () => {
    const text = '{"parameters":{"a":18446744073709551615,"b":-9007199254740993,"c":1e300,"d":7}}';
    expect((await liftData(Buffer.from(text))).envelope).toEqual({
      parameters: { a: 18446744073709551615n, b: -9007199254740993n, c: 1e300, d: 7 },
    });
  });

  it('does not look at what the data is', async () => {
    expect((await liftData(Buffer.from('{"inputs":[{"data":[NaN,nonsense]}]}'))).ranges).toEqual([
      { start: 19, end: 33 },
    ]);
  });

  it.each([
    ['nothing', '', 'MALFORMED_JSON'],
    ['text', 'hello', 'MALFORMED_JSON'],
    ['a string without end', '{"id":"a', 'MALFORMED_JSON'],
    ['a string that ends in its escape', '{"id":"a\\', 'MALFORMED_JSON'],
    ['an array without end', '{"inputs":[{"data":[1,2', 'MALFORMED_JSON'],
    ['a key that is no string of JSON', '{"\\q":1}', 'MALFORMED_JSON'],
    ['two values', '{}{}', 'MALFORMED_JSON'],
    ['deep nesting', '['.repeat(100_000), 'MALFORMED_JSON'],
    ['much besides data', `{"x":[${'0,'.repeat(200_000)}0]}`, 'JSON_TOO_LARGE'],
    ['data that is no array', '{"inputs":[{"data":3}]}', 'REQUEST_INVALID'],
    ['data that is missing', '{"inputs":[{"data":', 'REQUEST_INVALID'],
  ])('refuses %s', async (_what, text, reason) => {
    expect(await thrown(() => liftData(Buffer.from(text)))).toMatchObject({ reason });
  });

  it.each([Buffer.from([0x22, 0xff, 0x22]), Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])])(
    'refuses what is no UTF-8: %p',
    async (bytes) => {
      const refused = { reason: 'MALFORMED_JSON' };
      expect(await thrown(() => liftData(bytes))).toMatchObject(refused);
      expect(await thrown(() => parseJsonBytes(bytes))).toMatchObject(refused);
    },
  );

  it('refuses values without end where there are no tensors', async () => {
    const many = Buffer.from(`[${'0,'.repeat(70_000)}0]`);
    expect(await thrown(() => parseJsonBytes(many))).toMatchObject({ reason: 'JSON_TOO_LARGE' });
    expect(await thrown(() => parseJsonBytes(Buffer.from('['.repeat(70_000))))).toMatchObject({
      reason: 'JSON_TOO_LARGE',
    });
    const long = JSON.stringify({ file: 'A'.repeat(8_000_000) });
    expect(parseJsonBytes(Buffer.from(long))).toEqual(JSON.parse(long));
  });

  it('survives any bytes', async () => {
    const bytes = fc.oneof(fc.uint8Array(), fc.string({ unit: fc.constantFrom(...'{}[]",:\\ad01') }));
    await fc.assert(
      fc.asyncProperty(bytes, async (given) => {
        try {
          await liftData(Buffer.from(given as string));
        } catch (error) {
          expect(error).toMatchObject({ code: 3 });
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
