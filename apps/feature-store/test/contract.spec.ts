import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { create } from '@bufbuild/protobuf';
import { ValueSchema, type Value } from '@plumbline/contract-common';
import { FeatureStatus } from '@plumbline/contract-features';
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
}, 60_000);
afterAll(async () => {
  await store?.stop();
  await around?.database.close();
});

const int = (value: number): Value =>
  create(ValueSchema, { kind: { case: 'int64Value', value: BigInt(value) } });
const text = (value: string): Value => create(ValueSchema, { kind: { case: 'stringValue', value } });
const instant = (us: bigint): Value => create(ValueSchema, { kind: { case: 'timestampUs', value: us } });

const COLUMNS = ['flight_id', 'date', 'delay', 'distance', 'origin', 'destination'];
const HOUR = 3_600_000_000n;
const T0 = BigInt(Date.parse('2001-01-10T00:00:00Z')) * 1000n;

const flight = (id: number, date: bigint, delay: number, origin = 'ATL', destination = 'LAX') => ({
  values: [int(id), instant(date), int(delay), int(350), text(origin), text(destination)],
});

async function prepared(tenant: string): Promise<FeatureStoreClient> {
  const client = store.clientOf(tenant);
  await client.applyDefinitions({ definitions: flightsDefinitions() });
  return client;
}

const atl = (asOfUs: bigint) => ({
  keys: { origin: text('ATL'), destination: text('LAX') },
  requestValues: { departure_us: instant(asOfUs), distance_miles: int(350) },
  asOfUs,
});

describe('online features', () => {
  it('follow rows into windows exactly and tell unknown from empty', async () => {
    const client = await prepared('windows');
    const rows = [flight(1, T0, 20), flight(2, T0 + HOUR, 5), flight(3, T0 + 2n * HOUR, 40)];
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows, batchId: 'b1' });
    const read = async (asOfUs: bigint) => {
      const { vectors, featureNames } = await client.getOnlineFeatures({
        featureService: 'flight_delay',
        entities: [atl(asOfUs)],
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
    const entities = [atl(at)];
    const served = await client.getOnlineFeatures({ featureService: 'flight_delay', entities });
    const late = [flight(2, T0, 50), flight(1, T0, 21)];
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows: late, batchId: 'b2' });
    const changed = await client.getOnlineFeatures({ featureService: 'flight_delay', entities });
    expect(changed.vectors[0]!.values).not.toEqual(served.vectors[0]!.values);
    const stranger = { ...atl(at), keys: { origin: text('XNA'), destination: text('LAX') } };
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
});
