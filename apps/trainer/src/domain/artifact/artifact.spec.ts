import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, type Json } from './canonical-json.ts';
import { planInputs } from './input-plan.ts';

describe('canonicalJson', () => {
  it('is JSON of the same value, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as Json);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(shuffled(value) as Json)).toBe(text);
      }),
    );
  });

  it('writes keys sorted, without white space, and bigint as a number', () => {
    expect(canonicalJson({ b: [1n, null], a: 'x y' })).toBe('{"a":"x y","b":[1,null]}');
  });
});

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, each]) => [key, shuffled(each)]),
  );
}

describe('planInputs', () => {
  const column = (feature: string, source: string, isInteger: boolean, hasNulls: boolean) => ({
    feature,
    source,
    isInteger,
    hasNulls,
  });

  it.each([
    ['a request-time integer', column('d:hour', 'request', true, false), 'INT64'],
    ['a request-time integer that was NULL', column('d:hour', 'request', true, true), 'FP64'],
    [
      'a count of ingested rows, NULL for an entity never seen',
      column('a:count', 'outcomes', true, false),
      'FP64',
    ],
    ['a share', column('a:share', 'outcomes', false, false), 'FP64'],
  ] as const)('takes %s as it can be served', (_what, feature, datatype) => {
    expect(planInputs([feature])).toMatchObject([{ datatype }]);
  });

  it('names inputs after their features, with the view where two share the name', () => {
    const columns = ['a:count', 'b:count', 'b:share'].map((feature) => column(feature, 's', false, false));
    expect(planInputs(columns).map(({ name }) => name)).toEqual(['a.count', 'b.count', 'share']);
  });
});
