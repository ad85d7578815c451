import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bins, cellCount, cellOf, countCells, mergeCells, missing, outOfRange, total } from './cells.ts';
import { freezeEdges, MAX_EDGES } from './edges.ts';

const value = fc.oneof(
  fc.double(),
  fc.constant(null),
  fc.constantFrom(NaN, Infinity, -Infinity, 0, -0, 1, 2),
);
const column = fc.array(value, { maxLength: 300 });

/** The bin of a value by reading the definition aloud: how many edges lie below it. */
function naiveCell(edges: readonly number[], x: number | null): number {
  if (x === null) return 0;
  const float = Math.fround(x);
  if (Number.isNaN(float)) return 1;
  if (!Number.isFinite(float)) return float < 0 ? 2 : 3;
  return 4 + edges.filter((edge) => edge < float).length;
}

describe('cells', () => {
  it('puts every value where the definition says', () => {
    fc.assert(
      fc.property(column, value, (reference, x) => {
        const edges = freezeEdges(reference);
        expect(cellOf(edges, x)).toBe(naiveCell(edges, x));
      }),
    );
  });

  it('counts every value exactly once', () => {
    fc.assert(
      fc.property(column, column, (reference, values) => {
        const cells = countCells(freezeEdges(reference), values);
        expect(total(cells)).toBe(values.length);
      }),
    );
  });

  it('merges to the same integers in any order and grouping', () => {
    fc.assert(
      fc.property(column, column, column, column, (reference, a, b, c) => {
        const edges = freezeEdges(reference);
        const [x, y, z] = [countCells(edges, a), countCells(edges, b), countCells(edges, c)];
        const whole = countCells(edges, [...a, ...b, ...c]);
        expect(mergeCells(mergeCells(x, y), z)).toEqual(whole);
        expect(mergeCells(z, mergeCells(y, x))).toEqual(whole);
      }),
    );
  });

  it('refuses to merge histograms of different edges', () => {
    expect(() => mergeCells([0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 2])).toThrow(RangeError);
  });

  it('tells missing values, infinities and values beyond the reference apart', () => {
    const cells = countCells(freezeEdges([1, 2, 3]), [null, NaN, Infinity, -Infinity, 0.5, 3.5, 2]);
    expect(missing(cells)).toBe(2);
    expect(outOfRange(cells)).toBe(4);
  });

  it('bins a value alike at single and double precision', () => {
    const edges = freezeEdges([0, 1 / 3, 2 / 3, 1]);
    expect(cellOf(edges, 1 / 3)).toBe(cellOf(edges, Math.fround(1 / 3)));
  });
});

describe('freezeEdges', () => {
  it('leaves both tails empty in the reference, ascends strictly and stays within the limit', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 400 }), (values) => {
        const edges = freezeEdges(values);
        const counts = bins(countCells(edges, values));
        expect(edges.length).toBeLessThanOrEqual(MAX_EDGES);
        expect(edges.every((edge, i) => i === 0 || edge > (edges[i - 1] ?? Infinity))).toBe(true);
        if (edges.length > 0) expect([counts[0], counts.at(-1)]).toEqual([0, 0]);
      }),
    );
  });

  it('gives each of few distinct values a bin of its own', () => {
    const edges = freezeEdges([3, 1, 1, 2, 3, 3]);
    expect(bins(countCells(edges, [1, 1, 2, 3, 3, 3]))).toEqual([0, 2, 1, 3, 0]);
  });

  it('cuts many distinct values into bins of equal mass', () => {
    const values = Array.from({ length: 12_700 }, (_, i) => i);
    const inner = bins(countCells(freezeEdges(values), values)).slice(1, -1);
    expect(inner).toEqual(new Array(127).fill(100));
  });

  it('has no edges, and one bin, without a finite value', () => {
    expect(freezeEdges([null, NaN, Infinity])).toEqual([]);
    expect(cellCount([])).toBe(5);
  });
});
