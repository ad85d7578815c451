import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FeatureStatus } from '@plumbline/contract-features';
import { COLUMNS, HOUR, T0, departure, flight, int, text } from './messages.ts';
import {
  flightsDefinitions,
  startFeatureStore,
  surroundings,
  type FeatureStoreClient,
  type RunningFeatureStore,
  type Surroundings,
} from './rig.ts';

let around: Surroundings;
let store: RunningFeatureStore;

beforeAll(async () => {
  around = await surroundings();
  store = await startFeatureStore(around);
});
afterAll(async () => {
  await store?.stop();
  await around?.database.close();
});

async function prepared(tenant: string): Promise<FeatureStoreClient> {
  const client = store.clientOf(tenant);
  await client.applyDefinitions({ definitions: flightsDefinitions() });
  return client;
}

describe('online features', () => {
  it('follow rows into windows exactly and tell unknown from empty', async () => {
    const client = await prepared('windows');
    const rows = [flight(1, T0, 20), flight(2, T0 + HOUR, 5), flight(3, T0 + 2n * HOUR, 40)];
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows, batchId: 'b1' });
    const read = async (asOfUs: bigint) => {
      const { vectors, featureNames } = await client.getOnlineFeatures({
        featureService: 'flight_delay',
        entities: [departure(asOfUs)],
      });
      const { values, statuses, views } = vectors[0]!;
      const entries = featureNames.map(
        (name, index) => [name, [values[index]!.kind.value, statuses[index]]] as const,
      );
      return { byName: Object.fromEntries(entries), views };
    };
    const before = await read(T0 + 2n * HOUR - 1n);
    expect(before.byName['airport_outcomes:count_24h']).toEqual([undefined, FeatureStatus.NOT_FOUND]);
    const after = await read(T0 + 4n * HOUR);
    expect(after.byName['airport_outcomes:count_24h']).toEqual([3n, FeatureStatus.PRESENT]);
    expect(after.byName['airport_outcomes:late_share_24h']).toEqual([2 / 3, FeatureStatus.PRESENT]);
    expect(after.byName['airport_outcomes:count_1h']).toEqual([1n, FeatureStatus.PRESENT]);
    expect(after.byName['route_outcomes:mean_delay_28d']).toEqual([65 / 3, FeatureStatus.PRESENT]);
    expect(after.byName['departure:hour']).toEqual([4n, FeatureStatus.PRESENT]);
    expect(after.byName['departure:weekday']).toEqual([3n, FeatureStatus.PRESENT]);
    const idle = await read(T0 + 40n * HOUR);
    expect(idle.byName['airport_outcomes:count_24h']).toEqual([0n, FeatureStatus.PRESENT]);
    expect(idle.byName['airport_outcomes:mean_delay_24h']).toEqual([undefined, FeatureStatus.NULL_VALUE]);
    expect(after.views.map(({ view, knownAtUs }) => [view, knownAtUs])).toEqual([
      ['airport_outcomes', T0 + 4n * HOUR],
      ['route_outcomes', T0 + 4n * HOUR],
    ]);
  });

  it('are recomputed from history to the same bits after later rows came', async () => {
    const client = await prepared('proof');
    await client.ingestRows({
      source: 'outcomes',
      columns: COLUMNS,
      rows: [flight(1, T0, 20)],
      batchId: 'b1',
    });
    const at = T0 + 3n * HOUR;
    const entities = [departure(at)];
    const served = await client.getOnlineFeatures({ featureService: 'flight_delay', entities });
    const late = [flight(2, T0, 50), flight(1, T0, 21)];
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows: late, batchId: 'b2' });
    const changed = await client.getOnlineFeatures({ featureService: 'flight_delay', entities });
    expect(changed.vectors[0]!.values).not.toEqual(served.vectors[0]!.values);
    const stranger = departure(at, 'XNA');
    const unknown = await client.getOnlineFeatures({ featureService: 'flight_delay', entities: [stranger] });
    expect(unknown.vectors[0]!.statuses[0]).toBe(FeatureStatus.NOT_FOUND);
    for (const [entity, response] of [
      [entities[0]!, served],
      [entities[0]!, changed],
      [stranger, unknown],
    ] as const) {
      const { vectors } = await client.recomputeFeatures({
        featureService: 'flight_delay',
        featureServiceVersion: response.featureServiceVersion,
        vectors: [{ entity, views: response.vectors[0]!.views }],
      });
      expect(vectors).toEqual(response.vectors);
    }
  });

  it('of many entities come in the order asked, from one call', async () => {
    const client = await prepared('many');
    const rows = [flight(1, T0, 20, 'ATL'), flight(2, T0, 5, 'ORD'), flight(3, T0, 7, 'ORD')];
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows, batchId: 'b1' });
    const at = T0 + 2n * HOUR;
    const entities = ['ORD', 'ATL', 'SFO', 'ORD'].map((origin) => departure(at, origin));
    const { vectors } = await client.getOnlineFeatures({ featureService: 'flight_delay', entities });
    expect(vectors.map(({ values }) => values[0]!.kind.value)).toEqual([2n, 1n, undefined, 2n]);
    expect(vectors.map(({ statuses }) => statuses[0])).toEqual([
      FeatureStatus.PRESENT,
      FeatureStatus.PRESENT,
      FeatureStatus.NOT_FOUND,
      FeatureStatus.PRESENT,
    ]);
  });

  it('never cross tenants', async () => {
    const [left, right] = [await prepared('left'), await prepared('right')];
    await left.ingestRows({ source: 'outcomes', columns: COLUMNS, rows: [flight(1, T0, 20)], batchId: 'b1' });
    const entities = [departure(T0 + 3n * HOUR)];
    const { vectors } = await right.getOnlineFeatures({ featureService: 'flight_delay', entities });
    expect(vectors[0]!.statuses[0]).toBe(FeatureStatus.NOT_FOUND);
  });

  it('are answered as of any instant whoever a service calls for, since scopes stay where callers enter', async () => {
    const client = await prepared('on-behalf');
    const request = { featureService: 'flight_delay', entities: [departure(T0)] };
    const metadata = { 'plumbline-caller': 'api-key:without-scopes' };
    const { vectors } = await client.getOnlineFeatures(request, { metadata });
    expect(vectors.map(({ asOfUs }) => asOfUs)).toEqual([T0]);
  });

  it.each<[string, object, string, string]>([
    ['an unknown feature service', { featureService: 'weather' }, 'FEATURE_SERVICE_NOT_FOUND', 'NOT_FOUND'],
    ['an unknown version of one', { featureServiceVersion: 9 }, 'FEATURE_SERVICE_NOT_FOUND', 'NOT_FOUND'],
    ['no entities', { entities: [] }, 'ENTITIES_INVALID', 'INVALID_ARGUMENT'],
    [
      'a missing join key',
      { entities: [{ ...departure(T0), keys: { origin: text('ATL') } }] },
      'ENTITY_KEY_MISSING',
      'INVALID_ARGUMENT',
    ],
    [
      'a join key of another type',
      { entities: [{ ...departure(T0), keys: { origin: int(1), destination: text('LAX') } }] },
      'ENTITY_KEY_MISSING',
      'INVALID_ARGUMENT',
    ],
    [
      'an instant before all time',
      { entities: [departure(-(2n ** 63n))] },
      'AS_OF_INVALID',
      'INVALID_ARGUMENT',
    ],
    [
      'an instant after all time',
      { entities: [departure(2n ** 63n - 1n)] },
      'AS_OF_INVALID',
      'INVALID_ARGUMENT',
    ],
    [
      'a missing request value',
      { entities: [{ ...departure(T0), requestValues: {} }] },
      'REQUEST_VALUE_MISSING',
      'INVALID_ARGUMENT',
    ],
  ])('are refused for %s, with a reason', async (_, request, reason, codeName) => {
    const client = await prepared('refusals');
    const call = client.getOnlineFeatures({
      featureService: 'flight_delay',
      entities: [departure(T0)],
      ...request,
    });
    await expect(call).rejects.toMatchObject({ reason, codeName });
  });

  it('are refused where tiles were let go, rather than answered wrongly', async () => {
    const client = await prepared('retention');
    const rows = [flight(1, T0, 20), flight(2, T0 + 24n * 60n * HOUR, 5)];
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows, batchId: 'b1' });
    const entities = [departure(T0 + 3n * HOUR)];
    const call = client.getOnlineFeatures({ featureService: 'flight_delay', entities });
    await expect(call).rejects.toMatchObject({ reason: 'AS_OF_TOO_OLD', codeName: 'OUT_OF_RANGE' });
  });
});
