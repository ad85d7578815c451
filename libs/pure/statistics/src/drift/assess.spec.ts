import { describe, expect, it } from '@jest/globals';
import { countCells } from '../histogram/cells.ts';
import { buildProfile, STEP_US } from '../profile/build-profile.ts';
import { assessDrift, type DriftPolicy } from './assess.ts';
import { baselinesOf, type ColumnBaseline } from './baseline.ts';

const policy: DriftPolicy = { alpha: 0.05, minimumValues: 100, isolationFactor: 1.5, minimumPsi: 0 };

/** Uniform numbers in [0, 1) from a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function draw(random: () => number, n: number, shift = 0): number[] {
  return Array.from({ length: n }, () => random() + random() + shift);
}

/** The reference as one sample, without stretches: a single instant. */
function wholeBaselines(random: () => number, columns: number, n: number): ColumnBaseline[] {
  const features = Array.from({ length: columns - 1 }, (_, i) => ({
    name: `f${i}`,
    values: draw(random, n),
  }));
  const eventTimesUs = new BigInt64Array(n);
  return baselinesOf(
    buildProfile({ eventTimesUs, features, score: { name: 'score', values: draw(random, n) } }),
  );
}

/** Days of two kinds, alternating at random: a window resembles one kind or the other, never the mixture. */
function moodyDays(random: () => number, days: number): { values: number[]; eventTimesUs: bigint[] } {
  const values: number[] = [];
  const eventTimesUs: bigint[] = [];
  for (let hour = 0; hour < days * 24; hour++) {
    const gloomy = Math.imul(Math.floor(hour / 24) + 1, 2654435761) % 2 === 0;
    for (const value of draw(random, 60, gloomy ? 0.8 : 0)) {
      values.push(value);
      eventTimesUs.push(BigInt(hour) * STEP_US);
    }
  }
  return { values, eventTimesUs };
}

describe('without drift', () => {
  it.each([
    [100, 2000],
    [500, 2000],
    [1000, 1000],
  ])('a window of %d against a reference of %d is called drift at the nominal rate', (m, n) => {
    const random = seeded(m + n);
    const rounds = 40;
    const columns = 12;
    let alarms = 0;
    for (let round = 0; round < rounds; round++) {
      const baselines = wholeBaselines(random, columns, n);
      const windows = baselines.map((baseline) => countCells(baseline.edges, draw(random, m)));
      alarms += assessDrift(baselines, windows, policy).filter((column) => column.pValue < 0.05).length;
    }
    const rate = alarms / (rounds * columns);
    // 480 verdicts: three standard errors are 0.03.
    expect(Math.abs(rate - 0.05)).toBeLessThan(0.03);
  });

  it('few of many windows of many columns hold any drifted column', () => {
    const random = seeded(7);
    const baselines = wholeBaselines(random, 20, 2000);
    const rounds = 60;
    let alarmed = 0;
    for (let round = 0; round < rounds; round++) {
      const windows = baselines.map((baseline) => countCells(baseline.edges, draw(random, 400)));
      const drifted = assessDrift(baselines, windows, policy).some((column) => column.state === 'DRIFTED');
      if (drifted) alarmed++;
    }
    expect(alarmed / rounds).toBeLessThanOrEqual(0.1);
  });
});

describe('a reference that differs from day to day', () => {
  const random = seeded(3);
  const { values, eventTimesUs } = moodyDays(random, 40);
  const column = { name: 'delay', source: 'outcomes', values };
  const profile = buildProfile({ eventTimesUs, features: [column], score: { name: 'score', values } });
  const baselines = baselinesOf(profile);
  const judge = (window: (number | null)[]) =>
    assessDrift(baselines, [countCells(baselines[0]?.edges ?? [], window), countCells([], [])], {
      ...policy,
      alpha: 0.01,
      minimumPsi: 0.1,
    })[0];

  it('takes a window like one of its days as stable although the whole differs from it', () => {
    const gloomy = judge(draw(random, 600, 0.8));
    expect(gloomy?.state).toBe('STABLE');
    expect(gloomy?.overallPsi).toBeGreaterThan(0.2);
    expect(gloomy?.psi).toBeLessThan(0.1);
  });

  it('calls a window unlike all of its days drifted', () => {
    expect(judge(draw(random, 600, -0.8))?.state).toBe('DRIFTED');
    expect(judge(draw(random, 600).map((value) => value / 60))?.state).toBe('DRIFTED');
  });

  it('calls a window of missing values drifted', () => {
    const half = judge(draw(random, 600).map((value, i) => (i % 2 === 0 ? null : value)));
    expect(half).toMatchObject({ state: 'DRIFTED', missingRate: 0.5, baselineMissingRate: 0 });
  });

  it('does not judge a small window', () => {
    expect(judge(draw(random, 99, -5))).toMatchObject({ state: 'INSUFFICIENT_DATA', m: 99, qValue: 1 });
  });
});

it('calls a constant drifted when it changes', () => {
  const values = new Array<number>(5000).fill(7);
  const eventTimesUs = values.map((_, i) => BigInt(i) * (STEP_US / 10n));
  const [baseline] = baselinesOf(
    buildProfile({ eventTimesUs, features: [{ name: 'c', values }], score: { name: 'score', values } }),
  );
  const judge = (value: number) =>
    baseline &&
    assessDrift([baseline], [countCells(baseline.edges, new Array<number>(200).fill(value))], policy)[0]
      ?.state;
  expect(judge(7)).toBe('STABLE');
  expect(judge(7.5)).toBe('DRIFTED');
});
