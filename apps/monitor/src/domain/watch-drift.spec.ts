import { describe, expect, it } from '@jest/globals';
import { buildProfile, countCells, STEP_US as HOUR_US, type Cells } from '@plumbline/statistics';
import type { EventTime } from './event-time.ts';
import { monitoredVersion } from './monitored-version.ts';
import { watchDrift, type DriftWatch, type WatchOutcome } from './watch-drift.ts';

const START_US = 983_404_800_000_000n;
const values = Array.from({ length: 48_000 }, (_, i) => ((i * 7919) % 1000) / 1000);
const profile = buildProfile({
  eventTimesUs: values.map((_, i) => START_US - BigInt(1 + (i % 480)) * HOUR_US),
  features: [{ name: 'a', source: 'outcomes', values }],
  score: { name: 'score', values },
});
const version = monitoredVersion('v1', profile, []);
const versions = { get: async () => version };
const edges = version.columns[0]?.edges ?? [];
const same = countCells(edges, values.slice(0, 600));
const other = countCells(edges, new Array<number>(600).fill(5));

interface Script {
  readonly firstUs: bigint;
  readonly untilUs: bigint;
  readonly windowAt: (toUs: bigint) => Cells;
}

/** A store in memory that is watched pass by pass; yields all that was saved. */
async function watchAll({ firstUs, untilUs, windowAt }: Script): Promise<WatchOutcome[]> {
  const outcomes: WatchOutcome[] = [];
  let judgedUntilUs = firstUs - (firstUs % HOUR_US);
  const hours = Number((untilUs - judgedUntilUs) / HOUR_US);
  const watch: DriftWatch = {
    lockEventTime: async (): Promise<EventTime> => ({
      ...{ watermarkUs: untilUs, judgedUntilUs, announcedUntilUs: untilUs },
      ...{ elsewhere: 0, elsewhereFirstUs: undefined, elsewhereLastUs: undefined },
    }),
    spans: async () => [{ model: 'm', digest: 'v1', firstUs, lastUs: untilUs }],
    filledSteps: async () =>
      Array.from({ length: hours }, (_, i) => firstUs - (firstUs % HOUR_US) + BigInt(i) * HOUR_US),
    sumCells: async (_tenant, _model, { toUs }) =>
      new Map([
        ['a', windowAt(toUs)],
        ['score', same],
      ]),
    standings: async () => [...(outcomes.at(-1)?.standings ?? [])],
    firing: async () => {
      const latest = new Map(
        outcomes.flatMap(({ changes }) => changes).map((alert) => [alert.alertId, alert]),
      );
      return [...latest.values()].filter(({ clearedAtUs }) => clearedAtUs === undefined);
    },
    save: async (_tenant, _model, outcome) => {
      outcomes.push(outcome);
      judgedUntilUs = outcome.judgedUntilUs;
    },
  };
  let next = 0;
  while (await watchDrift(watch, versions, 't', 'm', () => `alert-${next++}`));
  return outcomes;
}

const hoursAfter = (us: bigint | undefined): number => Number(((us ?? 0n) - START_US) / HOUR_US);

describe('watchDrift', () => {
  it('judges no version before its first prediction is a whole window old', async () => {
    const judged: number[] = [];
    await watchAll({
      firstUs: START_US + HOUR_US / 2n,
      untilUs: START_US + 15n * HOUR_US + HOUR_US / 2n,
      windowAt: (toUs) => {
        judged.push(hoursAfter(toUs));
        return same;
      },
    });
    expect(judged).toEqual([12, 13, 14, 15]);
  });

  it('fires once, clears once, and remembers across passes', async () => {
    const outcomes = await watchAll({
      firstUs: START_US,
      untilUs: START_US + 41n * HOUR_US,
      windowAt: (toUs) => (hoursAfter(toUs) >= 20 && hoursAfter(toUs) < 30 ? other : same),
    });
    const changes = outcomes.flatMap((outcome) => outcome.changes);
    expect(changes.map(({ alertId }) => alertId)).toEqual(['alert-0', 'alert-0']);
    expect(hoursAfter(changes[0]?.firedAtUs)).toBe(21);
    expect(hoursAfter(changes[1]?.clearedAtUs)).toBe(32);
    expect(changes[0]).toMatchObject({ source: 'outcomes', columns: ['a'], digest: 'v1' });
    expect(outcomes.length).toBeGreaterThan(3);
  });

  it('says nothing when another replica is at the model', async () => {
    const held = { lockEventTime: async () => undefined } as unknown as DriftWatch;
    expect(await watchDrift(held, versions, 't', 'm', () => 'x')).toBe(false);
  });
});
