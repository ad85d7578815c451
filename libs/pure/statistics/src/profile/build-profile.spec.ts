import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countCells, total } from '../histogram/cells.ts';
import { groupCounts } from '../histogram/groups.ts';
import { buildProfile, STEP_US, type ProfileRows } from './build-profile.ts';

const row = fc.record({
  hour: fc.integer({ min: 0, max: 100 }),
  value: fc.oneof(fc.double(), fc.constantFrom(null, NaN, 1, 2, 3)),
});

function rowsOf(rows: readonly { hour: number; value: number | null }[]): ProfileRows {
  const values = rows.map(({ value }) => value);
  return {
    eventTimesUs: rows.map(({ hour }) => BigInt(hour) * STEP_US + 5n),
    features: [{ name: 'airport:late_share', input: 'late_share', source: 'outcomes', values }],
    score: { name: 'score', values },
  };
}

describe('buildProfile', () => {
  it('does not depend on the order of the rows', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 200 }), (rows) => {
        expect(buildProfile(rowsOf(rows))).toEqual(buildProfile(rowsOf([...rows].reverse())));
      }),
    );
  });

  it('counts every row once in the whole and once in its step', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 200 }), (rows) => {
        const profile = buildProfile(rowsOf(rows));
        const [feature] = profile.features;
        const edges = feature?.edges ?? [];
        const cells = countCells(
          edges,
          rows.map(({ value }) => value),
        );
        const width = (feature?.groupEnds.length ?? 0) + 2;
        const summed = Array.from({ length: width }, (_, group) =>
          (feature?.stepCounts ?? []).reduce((sum, count, i) => (i % width === group ? sum + count : sum), 0),
        );
        expect(feature?.n).toBe(BigInt(total(cells)));
        expect(feature?.counts.map(Number)).toEqual(cells.slice(4));
        expect(summed).toEqual(groupCounts(cells, feature?.groupEnds ?? []));
      }),
    );
  });

  it('spans from the first instant to just after the last', () => {
    const profile = buildProfile(
      rowsOf([
        { hour: 9, value: 1 },
        { hour: 3, value: 2 },
      ]),
    );
    expect([profile.fromUs, profile.toUs]).toEqual([3n * STEP_US + 5n, 9n * STEP_US + 6n]);
  });

  it('refuses rows that do not fit together', () => {
    const good = rowsOf([{ hour: 0, value: 1 }]);
    expect(() => buildProfile(rowsOf([]))).toThrow('at least one row');
    expect(() => buildProfile({ ...good, features: [{ name: 'x', values: [1, 2] }] })).toThrow(
      '2 values for 1',
    );
    expect(() => buildProfile({ ...good, features: [{ name: 'score', values: [1] }] })).toThrow(
      'given twice',
    );
    expect(() => buildProfile(good, { blockUs: 5n, stepUs: 2n })).toThrow('whole number of steps');
  });
});
