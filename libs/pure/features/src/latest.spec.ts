import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BloomFilter, hashKey } from './bloom-filter.ts';
import { DAY_US, HOUR_US } from './instants.ts';
import {
  addLatest,
  decodeLatest,
  encodeLatest,
  latestAt,
  type LatestRow,
  type LatestRows,
} from './latest.ts';
import { compareVersions, isAged, isVisible, winnerAt } from './visibility.ts';

const T0 = 1_000_000 * HOUR_US;
const T1 = T0 + DAY_US;
const T2 = T0 + 2 * DAY_US;
const EMPTY: LatestRows = { rows: [], trimmed: false };

let sequence = 0;
const row = (value: number, event: number, known: number): LatestRow => ({
  event,
  known,
  sequence: ++sequence,
  values: [value],
});
const valueAt = (rows: readonly LatestRow[], at: number, ttlUs = 0): unknown => {
  const winner = winnerAt(rows, at);
  return winner === undefined || isAged(winner.event, at, ttlUs) ? null : winner.values[0];
};

/** The acceptance cases of point-in-time joins; `created` of the original is known-at here. */
describe('the visibility rule', () => {
  it('lets event time beat creation, and creation break ties (case 1)', () => {
    expect(valueAt([row(10, T0, T0), row(20, T0, T1)], T2)).toBe(20);
    expect(valueAt([row(30, T0, T1), row(40, T1, T0)], T2)).toBe(40);
  });

  it('hides what was not known yet (case 2)', () => {
    expect(valueAt([row(10, T0, T0), row(20, T0, T2)], T1)).toBe(10);
    expect(valueAt([row(30, T0, T0), row(40, T0, T2)], T1)).toBe(30);
  });

  it('hides a late correction from the midnight before it (case 3)', () => {
    const rows = [
      row(0.4, T0 + 10 * HOUR_US, T0 + 12 * HOUR_US),
      row(0.6, T0 + 10 * HOUR_US, T0 + 58 * HOUR_US),
    ];
    expect(valueAt(rows, T1, 7 * DAY_US)).toBe(0.4);
  });

  it('answers NULL when nothing is known, never another value (case 4)', () => {
    expect(valueAt([row(10, T0, T2)], T1)).toBeNull();
  });

  it('holds both bounds of the age inclusive (case 5)', () => {
    const [jan1, jan2, jan3] = [T0, T1, T2];
    const first = [row(11, jan1 - DAY_US, jan1 - DAY_US), row(22, jan2, jan2), row(33, jan3, jan3)];
    expect(valueAt(first, jan1, 10 * DAY_US)).toBe(11);
    expect(valueAt(first, jan2, 10 * DAY_US)).toBe(22);
    expect(valueAt([row(22, T0 - 363 * DAY_US, T0 - 363 * DAY_US)], jan1, 10 * DAY_US)).toBeNull();
    expect(valueAt([row(10, jan1, jan3), row(20, jan1, jan2)], jan3, 10 * DAY_US)).toBe(10);
    expect(valueAt([row(7, T0, T0)], T0 + 10 * DAY_US, 10 * DAY_US)).toBe(7);
    expect(valueAt([row(7, T0, T0)], T0 + 10 * DAY_US + 1, 10 * DAY_US)).toBeNull();
  });

  it('looks back for ever without a TTL (case 8)', () => {
    expect(valueAt([row(7, T0 - 3650 * DAY_US, T0 - 3650 * DAY_US)], T0, 0)).toBe(7);
  });
});

describe('latest rows kept online', () => {
  const rows = fc
    .array(fc.record({ event: fc.nat(40), known: fc.nat(40) }), { maxLength: 60 })
    .map((list) =>
      list.map(({ event, known }, index): LatestRow => ({ event, known, sequence: index, values: [index] })),
    );

  it('answer as the whole history does, or say that they cannot tell', () => {
    fc.assert(
      fc.property(rows, fc.nat(45), (history, at) => {
        const kept = history.reduce((latest, one) => addLatest(latest, [one]), EMPTY);
        const stored = decodeLatest(['INT64'], encodeLatest(['INT64'], kept));
        const answer = latestAt(stored, at);
        const expected = history
          .filter((one) => isVisible(one, at))
          .sort(compareVersions)
          .at(-1);
        if (answer === 'unknown') expect(history.length).toBeGreaterThan(16);
        else expect(answer).toEqual(expected ?? 'none');
      }),
    );
  });
});

describe('Bloom filters', () => {
  it('never miss a key and rarely take an absent one for present', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `[${index}]`);
    const filter = BloomFilter.of(keys);
    expect(keys.every((key) => filter.mayHold(hashKey(key)))).toBe(true);
    const absent = Array.from({ length: 200_000 }, (_, index) => `[${index + 1_000_000}]`);
    expect(absent.filter((key) => filter.mayHold(hashKey(key))).length).toBeLessThan(4);
  });
});
