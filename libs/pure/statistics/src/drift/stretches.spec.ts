import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { expectedPsi, psi, sampleOf } from './psi.ts';
import { isolation, MINIMUM_STRETCH_VALUES, nearestStretch, slideStretches } from './stretches.ts';

const WIDTH = 4;
const step = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: WIDTH, maxLength: WIDTH });
const steps = fc.array(step, { maxLength: 20 });
const length = fc.integer({ min: 1, max: 6 });

function naiveSums(rows: readonly number[][], size: number): { firstStep: number; counts: number[] }[] {
  return rows
    .map((_, firstStep) => ({ firstStep, rows: rows.slice(firstStep, firstStep + size) }))
    .filter((stretch) => stretch.rows.length === size)
    .map(({ firstStep, rows: within }) => ({
      firstStep,
      counts: Array.from({ length: WIDTH }, (_, i) => within.reduce((sum, row) => sum + (row[i] ?? 0), 0)),
    }))
    .filter(({ counts }) => counts.reduce((a, b) => a + b, 0) >= MINIMUM_STRETCH_VALUES);
}

describe('stretches', () => {
  it('are all full runs of steps with enough values', () => {
    fc.assert(
      fc.property(steps, length, (rows, size) => {
        const expected = naiveSums(rows, size).map(({ firstStep, counts }) => ({
          firstStep,
          sample: sampleOf(counts),
        }));
        expect(slideStretches(rows, size)).toEqual(expected);
      }),
    );
  });

  it('have as nearest the one of smallest PSI', () => {
    fc.assert(
      fc.property(steps, length, step, (rows, size, window) => {
        const distances = naiveSums(rows, size).map(({ counts }) => psi(counts, window));
        const nearest = nearestStretch(slideStretches(rows, size), sampleOf(window));
        if (distances.length === 0) expect(nearest).toBeUndefined();
        else expect(nearest?.psi).toBeCloseTo(Math.min(...distances), 12);
      }),
    );
  });

  it('are as isolated as their distance to the nearest one far enough away', () => {
    fc.assert(
      fc.property(steps, length, fc.integer({ min: 1, max: 8 }), (rows, size, apart) => {
        const all = naiveSums(rows, size);
        const expected = all
          .map((one) =>
            all.filter((other) => Math.abs(other.firstStep - one.firstStep) >= apart).map(excess(one)),
          )
          .filter((distances) => distances.length > 0)
          .map((distances) => Math.min(...distances))
          .sort((a, b) => a - b);
        const actual = isolation(slideStretches(rows, size), apart);
        expect(actual).toHaveLength(expected.length);
        actual.forEach((value, i) => expect(value).toBeCloseTo(expected[i] ?? NaN, 12));
      }),
    );
  });
});

function excess(one: { counts: number[] }): (other: { counts: number[] }) => number {
  const n = (counts: number[]) => counts.reduce((a, b) => a + b, 0);
  const filled = (other: number[]) => one.counts.filter((count, i) => count + (other[i] ?? 0) > 0).length;
  return (other) =>
    Math.max(
      0,
      psi(one.counts, other.counts) - expectedPsi(filled(other.counts), n(one.counts), n(other.counts)),
    );
}
