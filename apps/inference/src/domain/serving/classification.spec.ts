import { describe, expect, it } from '@jest/globals';
import { decodeBytesElements, encodeElements, type Datatype, type Element } from '@plumbline/tensors';
import fc from 'fast-check';
import { classify, isClassifiable, type Classification } from './classification.ts';
import { formatFixed } from './format-fixed.ts';

const ELEMENTS = {
  FP32: fc.oneof(fc.float(), fc.constantFrom(0, 1, -1, NaN)).map(Math.fround),
  FP64: fc.double(),
  INT8: fc.integer({ min: -128, max: 127 }),
  UINT16: fc.integer({ min: 0, max: 9 }),
  INT64: fc.bigInt({ min: -5n, max: 2n ** 62n }),
} satisfies Partial<Record<Datatype, fc.Arbitrary<Element>>>;

const textsOf = (raw: Uint8Array) =>
  decodeBytesElements(raw).map((element) => Buffer.from(element).toString());

function classified(
  datatype: Datatype,
  shape: readonly number[],
  elements: readonly Element[],
  classification: Partial<Classification> = {},
) {
  const raw = encodeElements(datatype, elements);
  const output = classify({ shape, raw }, datatype, {
    classes: 2,
    rowed: true,
    labels: [],
    ...classification,
  });
  return { shape: output.shape, texts: textsOf(output.raw) };
}

/** Takes the greatest of those left, again and again. */
function naive(values: readonly Element[], count: number): number[] {
  const left = values.map((value, index) => ({ value: value as number, index }));
  const taken: number[] = [];
  while (taken.length < Math.min(count, values.length)) {
    const numbers = left.filter(({ value }) => !Number.isNaN(value));
    const pool = numbers.length > 0 ? numbers : left;
    const best = pool.reduce((first, next) => (next.value > first.value ? next : first));
    taken.push(best.index);
    left.splice(left.indexOf(best), 1);
  }
  return taken;
}

describe('classify', () => {
  it('gives each row’s greatest, from the greatest down, equal ones by index', () => {
    const cases = fc.constantFrom(...(Object.keys(ELEMENTS) as (keyof typeof ELEMENTS)[])).chain((datatype) =>
      fc.record({
        datatype: fc.constant(datatype),
        rows: fc.array(
          fc.array(ELEMENTS[datatype] as fc.Arbitrary<Element>, { minLength: 4, maxLength: 4 }),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        classes: fc.integer({ min: 1, max: 6 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ datatype, rows, classes }) => {
        const count = Math.min(classes, 4);
        const format = datatype.startsWith('FP') ? (value: Element) => formatFixed(Number(value)) : String;
        expect(classified(datatype, [rows.length, 2, 2], rows.flat(), { classes })).toEqual({
          shape: [rows.length, count],
          texts: rows.flatMap((row) =>
            naive(row, count).map((index) => `${format(row[index] as Element)}:${index}`),
          ),
        });
      }),
    );
  });

  it('finds the same among many as a sort does', () => {
    const many = fc.record({
      scores: fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(NaN)), {
        minLength: 100,
        maxLength: 600,
      }),
      classes: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(many, ({ scores, classes }) => {
        expect(classified('FP64', [1, scores.length], scores, { classes }).texts).toEqual(
          naive(scores, classes).map((index) => `${formatFixed(scores[index] ?? NaN)}:${index}`),
        );
      }),
    );
  });

  it('adds the labels that there are', () => {
    expect(
      classified('FP32', [1, 3], [0.25, 0.5, 0.125], { classes: 3, labels: ['cat', 'dog'] }).texts,
    ).toEqual(['0.500000:1:dog', '0.250000:0:cat', '0.125000:2']);
  });

  it('takes all elements for classes of one row where the model has no rows', () => {
    expect(classified('INT32', [2, 2], [1, 4, 3, 2], { classes: 9, rowed: false })).toEqual({
      shape: [4],
      texts: ['4:1', '3:2', '2:3', '1:0'],
    });
  });

  it('gives nothing of rows without elements', () => {
    expect(classified('FP32', [2, 0], [])).toEqual({ shape: [2, 0], texts: [] });
  });
});

describe('isClassifiable', () => {
  it.each(['BYTES', 'BOOL', 'FP16', 'BF16'] as const)('is false of %s', (datatype) => {
    expect(isClassifiable(datatype)).toBe(false);
  });
});
