import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { countCells, total } from './cells.ts';
import { freezeEdges } from './edges.ts';
import { groupBins, groupCount, groupCounts } from './groups.ts';

const values = fc.array(fc.oneof(fc.double(), fc.constantFrom(0, 1, 2, null, NaN, Infinity)), {
  maxLength: 300,
});

describe('groupBins', () => {
  it('keeps every value in exactly one group', () => {
    fc.assert(
      fc.property(values, values, fc.boolean(), (reference, window, discrete) => {
        const edges = freezeEdges(reference);
        const groups = groupBins(countCells(edges, reference), discrete);
        const counts = groupCounts(countCells(edges, window), groups);
        expect(counts).toHaveLength(groupCount(groups));
        expect(counts.reduce((a, b) => a + b, 0)).toBe(total(countCells(edges, window)));
      }),
    );
  });

  it('gives each of several groups at least half an even share of the reference', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 500 }),
        (reference) => {
          const cells = countCells(freezeEdges(reference), reference);
          const groups = groupBins(cells, true);
          expect(groups.length).toBeLessThanOrEqual(10);
          if (groups.length < 2) return;
          const smallest = Math.min(...groupCounts(cells, groups).slice(0, -2));
          expect(smallest).toBeGreaterThanOrEqual(reference.length / 20 - 1e-9);
        },
      ),
    );
  });

  it('is the deciles where values are many', () => {
    const reference = Array.from({ length: 1000 }, (_, i) => i);
    const cells = countCells(freezeEdges(reference), reference);
    const counts = groupCounts(cells, groupBins(cells, false));
    expect(counts).toHaveLength(12);
    expect(counts.slice(0, 10).every((count) => Math.abs(count - 100) <= 8)).toBe(true);
  });
});
