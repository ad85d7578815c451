import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ColumnProfile, Profile } from '@plumbline/statistics';
import { eventually } from '@plumbline/testing';
import { DIGEST, MODEL, startMonitor, type MonitorRig, type RecordedInit } from './monitor-rig.ts';
import { flightProfile, flightsOf, MARCH_US, predictionId, recorded, seeded } from './synthetic-flights.ts';

const good = flightProfile();
const [first = good.score, second = good.score] = good.features;

const withFeatures = (...changes: Partial<ColumnProfile>[]): Profile => ({
  ...good,
  features: changes.map((change) => ({ ...first, ...change })),
});

const hostile: readonly (readonly [string, Profile | Uint8Array])[] = [
  ['U+0000 in a name', withFeatures({ name: 'a\0b' })],
  ['one name twice, with differing edges', withFeatures({}, { ...second, name: first.name })],
  ['a name that no index takes', withFeatures({ name: unlike(17_000) })],
  ['edges in no order', withFeatures({ edges: [5, NaN, -1, Infinity] })],
  ['no edges at all', withFeatures({ edges: [], counts: [], groupEnds: [], stepCounts: [] })],
  ['edges without end', withFeatures({ edges: Array.from({ length: 200_000 }, (_, i) => i) })],
  ['columns without end', withFeatures(...Array.from({ length: 600 }, (_, i) => ({ name: `c${i}` })))],
  ['a source with U+0000', withFeatures({ source: '\0' })],
  ['a size of many MiB', Buffer.alloc(17 * 1024 * 1024)],
];
const digestOf = (index: number): string => `sha256:${index.toString(16).padStart(64, '0')}`;

/** Text that does not compress. */
function unlike(length: number): string {
  const random = seeded(3);
  return Array.from({ length }, () => String.fromCharCode(97 + random() * 26)).join('');
}

let rig: MonitorRig;

beforeAll(async () => {
  rig = await startMonitor(good, new Map(hostile.map(([, baseline], i) => [digestOf(i), baseline])));
});

afterAll(() => rig.close());

/** A hundred predictions, of the versions in turn. */
function predictionsOf(space: number, digests: readonly string[]): RecordedInit[] {
  return flightsOf(seeded(5), MARCH_US, 100).map((flight, i) => {
    const init = recorded(predictionId(space, i), flight);
    return {
      ...init,
      facts: { ...init.facts, modelDigest: digests[i % digests.length] ?? '' },
    } as RecordedInit;
  });
}

async function deadLetters(tenant: string): Promise<unknown[]> {
  return rig.database.query('SELECT reason FROM dead_letter WHERE tenant = $1', [tenant]);
}

async function counted(tenant: string, predictions: bigint): Promise<void> {
  await eventually(async () => {
    expect(await deadLetters(tenant)).toEqual([]);
    return (await rig.client(tenant).getCounts({})).predictions === predictions;
  });
}

it.each(hostile.map(([fault], i) => [fault, i] as const))(
  'a baseline with %s costs its version the drift only',
  async (_fault, i) => {
    const tenant = `hostile-${i}`;
    await rig.publish(tenant, predictionsOf(i, [digestOf(i), DIGEST]));
    await counted(tenant, 100n);
    const client = rig.client(tenant);
    await expect(client.getDrift({ model: MODEL, modelDigest: digestOf(i) })).rejects.toMatchObject({
      reason: 'BASELINE_MISSING',
    });
    const { columns } = await client.getDrift({ model: MODEL, modelDigest: DIGEST });
    expect(columns.map(({ name, m }) => [name, m])).toContainEqual(['score', 50n]);
  },
);

it('versions with hostile baselines and a good one are counted from one event', async () => {
  await rig.publish('mixed', predictionsOf(99, [DIGEST, ...hostile.map((_, i) => digestOf(i))]));
  await counted('mixed', 100n);
});

it.each([
  ['a model with U+0000', { model: 'a\0b' }],
  ['a variant with U+0000', { variant: '\0' }],
  ['a route that no column should hold', { route: unlike(9_000) }],
  ['a digest that no index takes', { modelDigest: unlike(9_000) }],
  ['an id that is none', { predictionId: 'no-uuid' }],
  ['a mirrored id that is none', { mirroredPredictionId: 'no-uuid' }],
  ['an instant before 1970', { asOfUs: -(2n ** 63n) }],
  ['an instant of no calendar', { asOfUs: 2n ** 63n - 1n }],
])(
  'an event that holds %s becomes a dead letter as a whole, at once, and holds nothing up',
  async (what, fault) => {
    const tenant = `poison ${what}`.replaceAll(/[^a-z]/gi, '-');
    const [spoiled = {}, ...sound] = predictionsOf(200, [DIGEST]);
    const poison = { ...spoiled, facts: { ...spoiled.facts, ...fault } } as RecordedInit;
    await rig.publish(tenant, [...sound.slice(0, 9), poison]);
    await rig.publish(tenant, sound.slice(9, 20));
    await eventually(async () => (await rig.client(tenant).getCounts({})).predictions === 11n);
    expect(await deadLetters(tenant)).toEqual([{ reason: 'EVENT_FACTS_INVALID' }]);
  },
);
