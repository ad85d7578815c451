import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { DIGEST, startMonitor, type MonitorRig, type RecordedInit } from './monitor-rig.ts';
import {
  flightProfile,
  flightsOf,
  HOUR_US,
  MARCH_US,
  predictionId,
  recorded,
  seeded,
} from './synthetic-flights.ts';

let rig: MonitorRig;

beforeAll(async () => {
  rig = await startMonitor(flightProfile());
});

afterAll(() => rig.close());

/** Six hours of predictions, every tenth mirrored, in events of eight. */
function events(space: number): RecordedInit[][] {
  const random = seeded(5);
  const flights = Array.from({ length: 6 }, (_, i) =>
    flightsOf(random, MARCH_US + BigInt(i) * HOUR_US, 40),
  ).flat();
  const all = flights.map((flight, i) =>
    recorded(predictionId(space, i), flight, i % 10 === 0 ? predictionId(space, 0) : undefined),
  );
  return Array.from({ length: all.length / 8 }, (_, i) => all.slice(8 * i, 8 * i + 8));
}

async function histograms(tenant: string): Promise<string> {
  const rows = await rig.database.query<{ row: string }>(
    `SELECT histograms::text AS row FROM histograms WHERE tenant = $1 ORDER BY step_us, digest, column_name`,
    [tenant],
  );
  return rows.map(({ row }) => row.replace(tenant, '')).join('\n');
}

async function counted(tenant: string, predictions: bigint, shadows: bigint): Promise<void> {
  await eventually(async () => {
    const counts = await rig.client(tenant).getCounts({});
    return counts.predictions === predictions && counts.shadows === shadows;
  });
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((left, right) => left.key - right.key)
    .map(({ item }) => item);
}

describe('predictions', () => {
  it('count once each, in histograms of every column', async () => {
    for (const event of events(1)) await rig.publish('plain', event);
    await counted('plain', 216n, 24n);
    const rows = await rig.database.query<{ column_name: string; n: bigint }>(
      `SELECT column_name, sum(cell)::bigint AS n FROM histograms, unnest(cells) AS cell
       WHERE tenant = 'plain' AND digest = $1 GROUP BY column_name ORDER BY column_name`,
      [DIGEST],
    );
    const columns = ['airport:late_share', 'airport:mean_delay', 'departure:hour', 'score'];
    expect(rows).toEqual(columns.map((column_name) => ({ column_name, n: 240n })));
  });

  it('make the same histograms, byte for byte, repeated, reordered, rebatched and over restarts', async () => {
    const once = events(2);
    for (const event of once) await rig.publish('once', event);
    await counted('once', 216n, 24n);

    const random = seeded(9);
    const known = once.map((event, i) => ({ event, id: predictionId(77, i) }));
    const chaotic = shuffled([...known, ...known, ...known.slice(0, 9)], random);
    const regrouped = shuffled(once.flat(), random);
    for (const [i, { event, id }] of chaotic.entries()) {
      await rig.publish('chaos', event, id);
      if (i === 25) await rig.restart();
    }
    for (let i = 0; i < regrouped.length; i += 50) await rig.publish('chaos', regrouped.slice(i, i + 50));
    await rig.restart();
    await counted('chaos', 216n, 24n);
    await rig.publish('chaos-end', [once[0]?.[1] ?? {}]);
    await counted('chaos-end', 1n, 0n); // everything before it on the stream has been handled
    await counted('chaos', 216n, 24n);
    expect(await histograms('chaos')).toBe(await histograms('once'));
  });

  it('of a model that the registry does not know count, without histograms', async () => {
    const [event = []] = events(3);
    const foreign = event.map((item) => ({ ...item, facts: { ...item.facts, model: 'foreign' } }));
    await rig.publish('foreign', foreign as RecordedInit[]);
    await counted('foreign', 7n, 1n);
    expect(await histograms('foreign')).toBe('');
  });

  it('without facts become a dead letter and hold nothing up', async () => {
    await rig.publish('faultless', [{ committedAtUs: 1n }]);
    const [event = []] = events(4);
    await rig.publish('faultless', event);
    await counted('faultless', 7n, 1n);
    const rows = await rig.database.query<{ reason: string }>(
      `SELECT reason FROM dead_letter WHERE tenant = 'faultless'`,
    );
    expect(rows).toEqual([{ reason: 'EVENT_FACTS_MISSING' }]);
  });
});
