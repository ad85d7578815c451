import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { baselinesOf, buildProfile, cellOf, mergeCells, total } from '@plumbline/statistics';
import { columnValues, countColumns, type HistogramIncrement } from './count-columns.ts';
import { monitoredVersion } from './monitored-version.ts';
import { EVALUATION_STEP_US as HOUR_US } from './policy.ts';
import type { PredictionFacts } from './prediction-facts.ts';

const values = Array.from({ length: 500 }, (_, i) => i / 100);
const profile = buildProfile({
  eventTimesUs: values.map((_, i) => BigInt(i) * HOUR_US),
  features: [{ name: 'airport:late_share', input: 'late_share', source: 'outcomes', values }],
  score: { name: 'score', values },
});
const version = monitoredVersion('v1', profile, []);
const versions = new Map([
  ['v1', version],
  ['bare', monitoredVersion('bare', undefined, [])],
]);

function facts(overrides: Partial<PredictionFacts>): PredictionFacts {
  return {
    ...{ predictionId: 'id', model: 'm', digest: 'v1', route: 'r', variant: 'champion', shadow: false },
    ...{
      asOfUs: 0n,
      committedAtUs: 0n,
      score: 0.5,
      championScore: undefined,
      labelId: '',
      features: new Map(),
    },
    ...overrides,
  };
}

const prediction = fc
  .record({
    digest: fc.constantFrom('v1', 'bare'),
    hour: fc.bigInt({ min: 0n, max: 3n }),
    score: fc.double({ min: 0, max: 6, noNaN: true }),
    value: fc.oneof(fc.double(), fc.constant(null)),
  })
  .map(({ digest, hour, score, value }) =>
    facts({ digest, score, asOfUs: hour * HOUR_US + 7n, features: new Map([['airport:late_share', value]]) }),
  );

function merged(parts: HistogramIncrement[][]): Map<string, number[]> {
  const sums = new Map<string, number[]>();
  for (const { stepUs, digest, column, cells } of parts.flat()) {
    const key = `${stepUs} ${digest} ${column}`;
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? [...cells] : mergeCells(sum, cells));
  }
  return new Map([...sums].sort());
}

describe('countColumns', () => {
  it('counts the same however predictions are split and ordered', () => {
    fc.assert(
      fc.property(fc.array(prediction, { maxLength: 40 }), fc.nat(), (all, cut) => {
        const half = cut % (all.length + 1);
        const parts = [
          countColumns(all.slice(half).reverse(), versions),
          countColumns(all.slice(0, half), versions),
        ];
        expect(merged(parts)).toEqual(merged([countColumns(all, versions)]));
      }),
    );
  });

  it('counts each prediction once per column of a version with a baseline, and others not', () => {
    fc.assert(
      fc.property(fc.array(prediction, { maxLength: 40 }), (all) => {
        const increments = countColumns(all, versions);
        const counted = increments.reduce((sum, { cells }) => sum + total(cells), 0);
        expect(counted).toBe(2 * all.filter(({ digest }) => digest === 'v1').length);
        expect(increments.every(({ digest }) => digest === 'v1')).toBe(true);
      }),
    );
  });

  it('takes a feature under its own name or that of its model input, and null when it is absent', () => {
    const { columns } = version;
    expect(columnValues(facts({ features: new Map([['late_share', 3]]) }), columns)).toEqual([3, 0.5]);
    expect(columnValues(facts({ features: new Map([['airport:late_share', 2]]) }), columns)).toEqual([
      2, 0.5,
    ]);
    expect(columnValues(facts({}), columns)).toEqual([null, 0.5]);
  });

  it('puts a value into the cell of the frozen edges', () => {
    const [increment] = countColumns([facts({ features: new Map([['late_share', 1.234]]) })], versions);
    const edges = baselinesOf(profile)[0]?.edges ?? [];
    expect(increment?.cells[cellOf(edges, 1.234)]).toBe(1);
  });
});
