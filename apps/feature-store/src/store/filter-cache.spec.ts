import { describe, expect, it } from '@jest/globals';
import { BloomFilter } from '@plumbline/features';
import fc from 'fast-check';
import { FilterCache, type PartitionFilter } from './filter-cache.ts';

const filterOf = (commit: number, sizeBytes = 10): PartitionFilter => ({
  commit: BigInt(commit),
  objectDigest: `object ${commit}`,
  filter: new BloomFilter(new Uint8Array(sizeBytes)),
});

const commitsOf = (cache: FilterCache, source: string): number[] =>
  cache.of('acme', source).map(({ commit }) => Number(commit));

describe('FilterCache', () => {
  it('keeps the filters of a source, each once', () => {
    const cache = new FilterCache(100);
    cache.add('acme', 'a', [filterOf(1), filterOf(2)]);
    cache.add('acme', 'a', [filterOf(2), filterOf(3)]);
    expect(commitsOf(cache, 'a')).toEqual([1, 2, 3]);
    expect(cache.of('other', 'a')).toEqual([]);
  });

  it('drives out the source that was used least recently', () => {
    const cache = new FilterCache(30);
    for (const [index, source] of ['a', 'b', 'c'].entries()) cache.add('acme', source, [filterOf(index)]);
    cache.of('acme', 'a');
    cache.add('acme', 'd', [filterOf(3)]);
    expect(['a', 'b', 'c', 'd'].map((source) => commitsOf(cache, source))).toEqual([[0], [], [2], [3]]);
  });

  it('keeps as many filters of a large source as fit', () => {
    const cache = new FilterCache(30);
    cache.add('acme', 'small', [filterOf(9)]);
    cache.add(
      'acme',
      'large',
      [1, 2, 3, 4].map((commit) => filterOf(commit)),
    );
    cache.add('acme', 'large', [filterOf(5)]);
    expect(commitsOf(cache, 'large')).toEqual([1, 2, 3]);
    expect(commitsOf(cache, 'small')).toEqual([]);
  });

  it('never holds more than its limit, and knows what it holds', () => {
    const step = fc.record({
      source: fc.constantFrom('a', 'b', 'c'),
      sizes: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const cache = new FilterCache(100);
        let commit = 0;
        for (const { source, sizes } of steps) {
          cache.add(
            'acme',
            source,
            sizes.map((size) => filterOf(commit++, size)),
          );
          const kept = ['a', 'b', 'c'].flatMap((each) => [...cache.of('acme', each)]);
          expect(cache.sizeBytes).toBe(kept.reduce((sum, { filter }) => sum + filter.bits.length, 0));
          expect(cache.sizeBytes).toBeLessThanOrEqual(100);
        }
      }),
    );
  });
});
