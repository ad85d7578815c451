import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildProfile, STEP_US } from './build-profile.ts';
import { checkProfile, MAX_COLUMNS, MAX_STEP_COUNTS } from './check-profile.ts';
import type { ColumnProfile, Profile } from './profile.ts';

const values = Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? null : i / 3));
const profile = buildProfile({
  eventTimesUs: values.map((_, i) => BigInt(i) * STEP_US),
  features: [
    { name: 'airport:late_share', input: 'late_share', source: 'outcomes', values },
    { name: 'departure:hour', values: values.map((_, i) => i % 3) },
  ],
  score: { name: 'score', values },
});
const [feature = profile.score] = profile.features;

const withFeature = (changes: Partial<ColumnProfile>): Profile => ({
  ...profile,
  features: [{ ...feature, ...changes }, ...profile.features.slice(1)],
});
const replaced = <T>(items: readonly T[], index: number, item: T): T[] => items.with(index, item);
const { counts, edges, groupEnds, stepCounts, n } = feature;

describe('checkProfile', () => {
  it('passes whatever buildProfile makes', () => {
    const number = fc.oneof(
      fc.double(),
      fc.float(),
      fc.constantFrom(null, 0, -0, 1, -3.4028234663852886e38, 3.4028234663852886e38),
    );
    const row = fc.record({ hour: fc.bigInt({ min: -50n, max: 50n }), x: number, y: fc.constantFrom(1, 2) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 300 }), (rows) => {
        const built = buildProfile({
          eventTimesUs: rows.map(({ hour }) => hour * STEP_US + 5n),
          features: [{ name: 'view:x', values: rows.map(({ x }) => x) }],
          score: { name: 'score', values: rows.map(({ y }) => y) },
        });
        expect(() => checkProfile(built)).not.toThrow();
      }),
    );
  });

  it.each<[string, Profile, RegExp]>([
    ['a name with U+0000', withFeature({ name: 'a\0b' }), /name of column 0/],
    ['a name over two lines', withFeature({ name: 'a\nb' }), /name of column 0/],
    ['half a character in a name', withFeature({ name: 'a\ud800' }), /name of column 0/],
    ['no name', withFeature({ name: '' }), /name of column 0/],
    ['a name of 256 characters', withFeature({ name: 'n'.repeat(256) }), /name of column 0/],
    ['an input with U+0000', withFeature({ input: '\0' }), /input or source of column 0/],
    ['an endless source', withFeature({ source: 's'.repeat(9_000) }), /input or source of column 0/],
    ['a repeated name', withFeature({ name: 'departure:hour' }), /column 1 is named "departure:hour"/],
    ['a feature named like the score', withFeature({ name: 'score' }), /column 2 is named "score"/],
    ['descending edges', withFeature({ edges: [...edges].reverse() }), /edges of column 0/],
    ['a repeated edge', withFeature({ edges: replaced(edges, 1, edges[0] ?? 0) }), /edges of column 0/],
    ['an edge of NaN', withFeature({ edges: replaced(edges, 0, NaN) }), /edges of column 0/],
    ['an infinite edge', withFeature({ edges: replaced(edges, -1, Infinity) }), /edges of column 0/],
    ['200,000 edges', withFeature({ edges: Array.from({ length: 200_000 }, (_, i) => i) }), /200000 edges/],
    ['too few counts', withFeature({ counts: counts.slice(1) }), /counts for \d+ edges/],
    ['a negative count', withFeature({ counts: replaced(counts, 1, -1n) }), /negative or too large/],
    ['a count beyond 2⁵³', withFeature({ nulls: 1n << 60n }), /negative or too large/],
    ['counts of another sum', withFeature({ n: n + 1n }), /do not add up to 61/],
    ['no groups', withFeature({ groupEnds: [] }), /groups of column 0/],
    ['descending groups', withFeature({ groupEnds: [...groupEnds].reverse() }), /groups of column 0/],
    ['groups beyond the bins', withFeature({ groupEnds: [1e6] }), /groups of column 0/],
    ['half a step', withFeature({ stepCounts: stepCounts.slice(1) }), /step counts, not/],
    ['a fraction in a step', withFeature({ stepCounts: replaced(stepCounts, 0, 0.5) }), /a step count of/],
    ['another sum of steps', withFeature({ stepCounts: replaced(stepCounts, 0, 7) }), /do not add up to its/],
    ['a PSI of NaN', withFeature({ blockPsi: [NaN] }), /PSI of blocks/],
    ['an endless PSI', withFeature({ blockPsi: [1e300] }), /PSI of blocks/],
    ['descending PSI', withFeature({ blockPsi: [2, 1] }), /PSI of blocks/],
    ['more blocks than steps', withFeature({ blockPsi: values.map(() => 1).concat(1) }), /61 blocks in 60/],
    ['another rule', { ...profile, psiRule: 'other\0' }, /PSI rule is "other\\u0000"/],
    ['no step', { ...profile, stepUs: 0n }, /no run of steps/],
    ['a broken block', { ...profile, blockUs: STEP_US + 1n }, /no run of steps/],
    ['a block of ages', { ...profile, blockUs: 1_000_000n * STEP_US }, /longer than a year/],
    ['no span', { ...profile, toUs: profile.fromUs }, /spans no instant/],
    ['a span of ages', { ...profile, toUs: 1n << 62n }, /step counts, not/],
    [
      'too many columns',
      {
        ...profile,
        features: Array.from({ length: MAX_COLUMNS }, (_, i) => ({ ...feature, name: `c${i}` })),
      },
      /513 columns/,
    ],
    [
      'too many steps',
      withFeature({ stepCounts: new Array<number>(MAX_STEP_COUNTS).fill(0) }),
      /step counts, at most/,
    ],
  ])('refuses %s, and says so', (_fault, mutilated, message) => {
    expect(() => checkProfile(mutilated)).toThrow(RangeError);
    expect(() => checkProfile(mutilated)).toThrow(message);
  });
});
