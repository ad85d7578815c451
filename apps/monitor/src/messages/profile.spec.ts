import { describe, expect, it } from '@jest/globals';
import { create, toBinary } from '@bufbuild/protobuf';
import { ProfileSchema } from '@plumbline/contract-monitor';
import { buildProfile, cellCount, STEP_US, type ColumnProfile, type Profile } from '@plumbline/statistics';
import fc from 'fast-check';
import { countColumns } from '../domain/count-columns.ts';
import { judgeWindow } from '../domain/judge-window.ts';
import { monitoredVersion } from '../domain/monitored-version.ts';
import { profileOf } from './profile.ts';

const values = Array.from({ length: 60 }, (_, i) => (i % 7 === 0 ? null : i / 3));
const built = buildProfile({
  eventTimesUs: values.map((_, i) => BigInt(i) * STEP_US),
  features: [
    { name: 'view:x', input: 'x', source: 'outcomes', values },
    { name: 'view:hour', input: 'hour', source: 'request', values: values.map((_, i) => i % 3) },
  ],
  score: { name: 'score', values },
});
const encoded = toBinary(ProfileSchema, create(ProfileSchema, built));

const text = fc.oneof(
  fc.constantFrom('', 'score', 'view:x', 'view:hour', 'a\0b', ' ', 'n'.repeat(17_000)),
  fc.string({ unit: 'binary', maxLength: 300 }).map((wild) => wild.toWellFormed()),
);
const double = fc.oneof(fc.double(), fc.constantFrom(NaN, Infinity, -Infinity, 0, 1, 1e300));
const count = fc.oneof(
  fc.bigInt({ min: -1n, max: 100n }),
  fc.constantFrom(1n << 62n, -(1n << 63n), BigInt(Number.MAX_SAFE_INTEGER)),
);
const small = fc.integer({ min: 0, max: 100 });

/** A list as it was, cut, lengthened or with one item replaced. */
function mangled<T>(list: readonly T[], item: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.oneof<fc.Arbitrary<T[]>[]>(
    fc.constant([...list]),
    fc.nat(list.length).map((length): T[] => list.slice(0, length)),
    item.map((extra) => [...list, extra]),
    fc
      .tuple(fc.nat(Math.max(0, list.length - 1)), item)
      .map(([at, other]) => [...list.slice(0, at), other, ...list.slice(at + 1)]),
    fc.constant([...list].reverse()),
    fc.array(item, { maxLength: 200 }),
  );
}

function mutilatedColumn(column: ColumnProfile): fc.Arbitrary<ColumnProfile> {
  const changes = fc.record(
    {
      ...{ name: text, input: text, source: text },
      ...{ nulls: count, nans: count, positiveInfinities: count, negativeInfinities: count, n: count },
      edges: mangled(column.edges, double),
      counts: mangled(column.counts, count),
      groupEnds: mangled(column.groupEnds, fc.integer({ min: -2, max: 200 })),
      stepCounts: mangled(column.stepCounts, fc.oneof(small, fc.constant(0xffff_ffff))),
      blockPsi: mangled(column.blockPsi, double),
    },
    { requiredKeys: [] },
  );
  return oneOrAll(changes).map((some) => ({ ...column, ...some }));
}

/** Of many changes usually one alone, which gets further than all at once. */
function oneOrAll<T extends object>(changes: fc.Arbitrary<T>): fc.Arbitrary<Partial<T>> {
  return fc.tuple(changes, fc.nat(), fc.boolean()).map(([all, pick, every]) => {
    const entries = Object.entries(all);
    return every
      ? all
      : (Object.fromEntries(entries.slice(pick % (entries.length + 1)).slice(0, 1)) as Partial<T>);
  });
}

const instant = fc.oneof(
  fc.bigInt({ min: -100n, max: 100n * STEP_US }),
  fc.constantFrom(1n << 62n, -(1n << 63n)),
);
const frame = fc.record(
  { fromUs: instant, toUs: instant, blockUs: instant, stepUs: instant },
  { requiredKeys: [] },
);
const [first = built.score, second = built.score] = built.features;
const mutilated: fc.Arbitrary<Profile> = fc.oneof(
  mutilatedColumn(first).map((column) => ({ ...built, features: [column, second] })),
  mutilatedColumn(second).map((column) => ({ ...built, features: [first, column] })),
  mutilatedColumn(built.score).map((score) => ({ ...built, score })),
  oneOrAll(frame).map((some) => ({ ...built, ...some })),
);

const bytes = fc
  .array(fc.tuple(fc.nat(encoded.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
  .map((changes) => changes.reduce((all, [at, byte]) => all.with(at, byte), encoded));

function readable(file: Uint8Array): Profile | undefined {
  try {
    return profileOf(file);
  } catch {
    return undefined;
  }
}

/** What intake and drift do with a profile, on values of every kind. */
function use(profile: Profile): void {
  const version = monitoredVersion('v1', profile, []);
  const facts = [null, NaN, Infinity, -Infinity, 0, 1e300, 3.5].map((value, i) => ({
    ...{ predictionId: String(i), model: 'm', digest: 'v1', route: 'r', variant: 'champion', shadow: false },
    ...{ asOfUs: 5n, committedAtUs: 5n, score: 0.5, championScore: undefined, labelId: String(i) },
    features: new Map(profile.features.map(({ name }) => [name, value])),
  }));
  const increments = countColumns(facts, new Map([['v1', version]]));
  expect(increments).toHaveLength(version.columns.length);
  for (const { column, cells } of increments) {
    const edges = version.columns.find(({ name }) => name === column)?.edges ?? [];
    expect(cells).toHaveLength(cellCount(edges));
    expect(column).not.toContain('\0');
    expect(column.length).toBeLessThan(600);
  }
  const window = new Map(increments.map(({ column, cells }) => [column, cells.map((cell) => 100 * cell)]));
  for (const { psi, pValue, qValue, n, m } of judgeWindow(version.columns, window)) {
    expect([psi, pValue, qValue, n].filter(Number.isNaN)).toEqual([]);
    expect(m).toBe(700);
  }
}

describe('profileOf', () => {
  it('reads back what buildProfile made', () => {
    expect(profileOf(encoded)).toMatchObject(built);
    use(profileOf(encoded));
  });

  it('refuses a mutilated profile, or passes one that can be counted and judged by', () => {
    const seen = { passed: 0, refused: 0 };
    fc.assert(
      fc.property(mutilated, (profile) => {
        const read = readable(toBinary(ProfileSchema, create(ProfileSchema, profile)));
        seen[read === undefined ? 'refused' : 'passed']++;
        if (read !== undefined) use(read);
      }),
      { numRuns: 400 },
    );
    expect(seen.passed).toBeGreaterThan(20);
    expect(seen.refused).toBeGreaterThan(20);
  });

  it('refuses mutilated bytes, or passes a profile that can be counted and judged by', () => {
    fc.assert(
      fc.property(bytes, (file) => {
        const read = readable(file);
        if (read !== undefined) use(read);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['no message', Buffer.from('no profile at all')],
    ['no score', toBinary(ProfileSchema, create(ProfileSchema, { ...built, score: undefined }))],
    ['far too much', new Uint8Array(17 * 1024 * 1024)],
  ])('refuses %s', (_what, file) => {
    expect(() => profileOf(file)).toThrow();
  });
});
