import { describe, expect, it } from '@jest/globals';
import { BloomFilter } from '@plumbline/features';
import type { Queryable } from '@plumbline/sql';
import type { SourcePlan } from '../domain/catalogue.ts';
import { CommitSurvey } from './commit-survey.ts';

/** No more of a plan than a survey looks at: the cast stands for the rest. */
const PLAN = {
  revision: 1,
  program: { spec: { name: 'outcomes', columns: [] } },
} as unknown as SourcePlan;
const FILTER_BYTES = 8;

/** A tenant with sealed partitions of one row key each, `row 0` and so on, and the filters that were read of them. */
function rig(partitions: number, cachedFilters: number) {
  const reads: number[][] = [];
  const commits = Array.from({ length: partitions }, (_, index) => BigInt(index));
  const tx = {
    query(text: string, values: readonly unknown[]) {
      if (!text.includes('nextval')) {
        const asked = (values[2] as bigint[]).map(Number);
        reads.push(asked);
        return Promise.resolve(asked.map(partition));
      }
      const met = values[3] as bigint[];
      const unmet = commits.filter((commit) => !met.includes(commit));
      return Promise.resolve([{ commit: 99n, revision: 1, unmet, row_keys: null }]);
    },
  } as Queryable;
  const survey = new CommitSurvey((objectDigest, _, keys) => {
    const version = { sequence: Number(objectDigest.slice(7)), event: 0, known: 0, values: [] };
    return Promise.resolve(new Map(keys.map((key) => [key, [version]])));
  }, cachedFilters * FILTER_BYTES);
  return { reads, take: (keys: readonly string[]) => survey.take(tx, 'acme', PLAN, keys) };
}

const partition = (commit: number) => ({
  commit_number: BigInt(commit),
  object_digest: `object ${commit}`,
  row_key_filter: BloomFilter.of([`row ${commit}`]).bits,
});

describe('CommitSurvey', () => {
  it('reads the filters of a source once when they fit into the cache', async () => {
    const { reads, take } = rig(3, 3);
    await take(['row 1']);
    const { priors } = await take(['row 1', 'row 2', 'new']);
    expect([...priors].map(([key, [version]]) => [key, version!.sequence])).toEqual([
      ['row 1', 1],
      ['row 2', 2],
    ]);
    expect(reads).toEqual([[0, 1, 2]]);
  });

  it('finds every row of a source whose filters do not fit, reading some of them at a time', async () => {
    const { reads, take } = rig(40, 5);
    const keys = Array.from({ length: 40 }, (_, index) => `row ${index}`);
    for (const filtersRead of [40, 35]) {
      reads.length = 0;
      const { priors } = await take(keys);
      expect([...priors.keys()].sort()).toEqual([...keys].sort());
      expect(reads.flat()).toHaveLength(filtersRead);
      expect(Math.max(...reads.map((slice) => slice.length))).toBe(16);
    }
  });
});
