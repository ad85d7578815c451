import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeTiles, encodeTile, type TileEntry } from './tile-codec.ts';
import { tileHistory } from './history-tiles.ts';
import { HOUR_US, MINUTE_US, NEVER, tileStartOf } from './instants.ts';
import { WindowFold } from './tile-set.ts';
import { toColumns } from './tile-codec.ts';
import { compareVersions, isVisible, supersededFrom, visibleFrom } from './visibility.ts';
import { planWindows, type AggregateOperation, type AggregateSpec, type WindowPlan } from './window-plan.ts';

interface Row {
  readonly key: number;
  readonly event: number;
  readonly known: number;
  readonly sequence: number;
  readonly value: number | null;
}

const OPERATIONS: AggregateOperation[] = ['count', 'sum', 'mean', 'min', 'max', 'last'];
const WINDOWS = [10 * MINUTE_US, HOUR_US, 7 * HOUR_US];
const SPECS: AggregateSpec[] = WINDOWS.flatMap((windowUs) =>
  OPERATIONS.map((operation) => ({ operation, column: operation === 'count' ? '' : 'value', windowUs })),
);

/** Brute force over all versions: the definition that tiles must agree with. */
function oracle(rows: readonly Row[], at: number, spec: AggregateSpec): number {
  const visible = rows.filter((row) => isVisible(row, at));
  const standing = visible.filter(
    (row) => !visible.some((other) => other.key === row.key && compareVersions(other, row) > 0),
  );
  const inWindow = standing.filter((row) => row.event > at - spec.windowUs);
  if (spec.operation === 'count') return inWindow.length;
  if (spec.operation === 'last') {
    const last = [...inWindow].sort((a, b) => a.event - b.event || a.sequence - b.sequence).at(-1);
    return last?.value ?? NaN;
  }
  const values = inWindow.flatMap((row) => (row.value === null ? [] : [row.value]));
  if (values.length === 0) return NaN;
  const sum = Number(values.reduce((total, value) => total + BigInt(value), 0n));
  const answers = { sum, mean: sum / values.length, min: Math.min(...values), max: Math.max(...values) };
  return answers[spec.operation];
}

function toEntries(rows: readonly Row[]): TileEntry[] {
  return rows.map((row) => {
    const versions = rows.filter((other) => other.key === row.key);
    return {
      event: row.event,
      from: visibleFrom(row),
      until: supersededFrom(versions)[versions.indexOf(row)]!,
      sequence: row.sequence,
      values: [row.value ?? NaN],
    };
  });
}

function foldOffline(plan: WindowPlan, rows: readonly Row[], at: number): number[] {
  const fold = new WindowFold(plan);
  const tiles = tileHistory(plan, new Uint32Array(rows.length), 1, toColumns(plan, toEntries(rows)));
  fold.at(tiles.set, tiles.tileBegins[0]!, tiles.tileBegins[1]!, at);
  return [...fold.values];
}

function foldStored(plan: WindowPlan, rows: readonly Row[], at: number): number[] {
  const byStart = Map.groupBy(toEntries(rows), (entry) => tileStartOf(entry.event, plan.tileUs));
  const stored = [...byStart]
    .sort(([a], [b]) => a - b)
    .map(([start, entries]) => ({ start, body: encodeTile(plan, start, entries) }));
  const fold = new WindowFold(plan);
  fold.at(decodeTiles(plan, stored, at), 0, stored.length, at);
  return [...fold.values];
}

const START = 1_000_000 * HOUR_US;
const instant = fc.integer({ min: 0, max: 20 * 60 }).map((minute) => START + minute * MINUTE_US);
const history = fc
  .array(
    fc.record({
      key: fc.integer({ min: 0, max: 12 }),
      event: instant,
      delay: fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 400 })),
      value: fc.option(fc.oneof(fc.integer({ min: -50, max: 50 }), fc.maxSafeInteger()), { nil: null }),
    }),
    { maxLength: 40 },
  )
  .map((rows): Row[] =>
    rows.map(({ key, event, delay, value }, sequence) => ({
      key,
      event,
      known: event + delay * MINUTE_US,
      sequence: sequence + 1,
      value,
    })),
  );

describe('windowed features', () => {
  const plan = planWindows(SPECS, () => false);

  it('equal a brute-force oracle offline for late, corrected, repeated and tied rows', () => {
    fc.assert(
      fc.property(history, instant, (rows, at) => {
        expect(foldOffline(plan, rows, at)).toEqual(
          SPECS.map((spec) => saturated(oracle(rows, at, spec), spec)),
        );
      }),
      { numRuns: 400 },
    );
  });

  it('are the same bits from stored tiles as from history', () => {
    fc.assert(
      fc.property(history, instant, (rows, at) => {
        expect(foldStored(plan, rows, at)).toEqual(foldOffline(plan, rows, at));
      }),
      { numRuns: 400 },
    );
  });

  it('do not depend on the order in which rows arrive', () => {
    fc.assert(
      fc.property(history, instant, (rows, at) => {
        expect(foldOffline(plan, rows.toReversed(), at)).toEqual(foldOffline(plan, rows, at));
      }),
    );
  });

  it('answer max 5 and min 3 where cumulated tiles answer 109', () => {
    const minutes: [number, number][] = [
      [1, 100],
      [6, 1],
      [11, 5],
      [16, 3],
    ];
    const rows = minutes.map(([minute, value], index) => ({
      key: index,
      event: START + minute * MINUTE_US,
      known: START + minute * MINUTE_US,
      sequence: index,
      value,
    }));
    const specs: AggregateSpec[] = [
      { operation: 'max', column: 'value', windowUs: 10 * MINUTE_US },
      { operation: 'min', column: 'value', windowUs: 10 * MINUTE_US },
    ];
    const narrow = planWindows(specs, () => false);
    expect(foldOffline(narrow, rows, START + 20 * MINUTE_US)).toEqual([5, 3]);
    expect(foldStored(narrow, rows, START + 20 * MINUTE_US)).toEqual([5, 3]);
  });

  it('count a row at the instant asked for and not one a whole window older', () => {
    const rows = [0, 10].map((minute, index) => ({
      key: index,
      event: START + minute * MINUTE_US,
      known: START + minute * MINUTE_US,
      sequence: index,
      value: 1,
    }));
    const [count] = foldOffline(plan, rows, START + 10 * MINUTE_US);
    expect(count).toBe(1);
  });

  it('keep an entry that is never superseded out of the settled instant', () => {
    const [entry] = toEntries([{ key: 1, event: START, known: START, sequence: 1, value: 2 }]);
    expect(entry?.until).toBe(NEVER);
    const [tile] = [encodeTile(plan, START, [entry!])];
    expect(decodeTiles(plan, [{ start: START, body: tile }], START + HOUR_US).settled[0]).toBe(START);
  });
});

function saturated(value: number, spec: AggregateSpec): number {
  if (spec.operation !== 'sum') return value;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, value));
}
