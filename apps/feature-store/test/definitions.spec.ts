import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ValueType } from '@plumbline/contract-common';
import { Aggregation, type Definitions } from '@plumbline/contract-features';
import { COLUMNS, T0, flight } from './messages.ts';
import {
  flightsDefinitions,
  startFeatureStore,
  surroundings,
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

const changed = (change: (definitions: Definitions) => void): Definitions => {
  const definitions = flightsDefinitions();
  change(definitions);
  return definitions;
};

describe('ApplyDefinitions', () => {
  it('gives versions once and changes nothing when repeated', async () => {
    const client = store.clientOf('repeated');
    const first = await client.applyDefinitions({ definitions: flightsDefinitions() });
    const again = await client.applyDefinitions({ definitions: flightsDefinitions() });
    expect(first.revision).toBe(1n);
    expect(again).toMatchObject({ revision: 1n, changes: [] });
    const { definitions, revision } = await client.getDefinitions({});
    expect(revision).toBe(1n);
    expect(definitions!.featureViews.map(({ version }) => version)).toEqual([1, 1]);
    expect(definitions!.sources[0]!.eventTime).toBe(flightsDefinitions().sources[0]!.eventTime);
  });

  it('refuses a revision that someone else has passed', async () => {
    const client = store.clientOf('raced');
    await client.applyDefinitions({ definitions: flightsDefinitions() });
    const definitions = changed(({ entities }) => (entities[0]!.description = 'other'));
    const stale = client.applyDefinitions({ definitions, expectedRevision: 0n });
    await expect(stale).rejects.toMatchObject({ reason: 'REVISION_CONFLICT', codeName: 'ABORTED' });
    const applied = await client.applyDefinitions({ definitions, expectedRevision: 1n });
    expect(applied.revision).toBe(2n);
  });

  it('lets one of many that change the same revision win', async () => {
    const client = store.clientOf('racing');
    const attempts = await Promise.allSettled(
      Array.from({ length: 6 }, (_, index) => {
        const definitions = changed(({ entities }) => (entities[0]!.description = `writer ${index}`));
        return client.applyDefinitions({ definitions });
      }),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = attempts.flatMap((attempt) =>
      attempt.status === 'rejected' ? [attempt.reason as unknown] : [],
    );
    for (const reason of refused) expect(reason).toMatchObject({ reason: 'REVISION_CONFLICT' });
  });

  it('extends a view additively and replaces it where stored tiles would not do', async () => {
    const client = store.clientOf('versions');
    await client.applyDefinitions({ definitions: flightsDefinitions() });
    const wider = changed(({ featureViews }) => {
      const added = { ...featureViews[0]!.features[0]!, name: 'count_2h', windowUs: 7_200_000_000n };
      featureViews[0]!.features.push(added);
    });
    const extended = await client.applyDefinitions({ definitions: wider, expectedRevision: 1n });
    expect(extended.changes).toMatchObject([{ kind: 'feature_view', version: 1, verdict: 'extended' }]);
    const other = changed(({ sources }) => (sources[0]!.derived[0]!.expression = 'delay > 30'));
    const replaced = await client.applyDefinitions({ definitions: other, expectedRevision: 2n });
    expect(replaced.changes).toMatchObject([
      { kind: 'source', name: 'outcomes', verdict: 'extended' },
      { kind: 'feature_view', name: 'airport_outcomes', version: 2, verdict: 'replaced' },
      { kind: 'feature_view', name: 'route_outcomes', version: 2, verdict: 'replaced' },
      { kind: 'feature_service', name: 'flight_delay', version: 2, verdict: 'replaced' },
    ]);
  });

  it('refuses a new view version over rows that it would lack', async () => {
    const client = store.clientOf('filled');
    await client.applyDefinitions({ definitions: flightsDefinitions() });
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows: [flight(1, T0, 3)], batchId: 'b' });
    const definitions = changed(({ sources }) => (sources[0]!.derived[0]!.expression = 'delay > 30'));
    const call = client.applyDefinitions({ definitions, expectedRevision: 1n });
    await expect(call).rejects.toMatchObject({ reason: 'BACKFILL_NEEDED', codeName: 'FAILED_PRECONDITION' });
  });

  it('says what would change without changing it', async () => {
    const client = store.clientOf('dry');
    const dry = await client.applyDefinitions({ definitions: flightsDefinitions(), dryRun: true });
    expect(dry.revision).toBe(0n);
    expect(dry.changes).toHaveLength(7);
    expect((await client.getDefinitions({})).revision).toBe(0n);
  });

  it.each<[string, (definitions: Definitions) => void, string]>([
    [
      'an expression that does not parse',
      ({ sources }) => (sources[0]!.eventTime = 'date +'),
      'sources.outcomes.event_time',
    ],
    [
      'an unknown entity',
      ({ featureViews }) => (featureViews[0]!.entity = 'gate'),
      'feature_views.airport_outcomes.entity',
    ],
    [
      'a feature of no view',
      ({ featureServices }) => featureServices[0]!.features.push('weather:rain'),
      'feature_services.flight_delay.features',
    ],
    ['a name in capitals', ({ entities }) => (entities[0]!.name = 'Airport'), 'entities.Airport'],
    [
      'a window of no length',
      ({ featureViews }) => (featureViews[0]!.features[0]!.windowUs = 0n),
      'feature_views.airport_outcomes.features.count_1h.window_us',
    ],
    [
      'an aggregation of texts',
      ({ featureViews }) => (featureViews[0]!.features[1]!.column = 'origin'),
      'feature_views.airport_outcomes.features.late_share_1h.column',
    ],
    [
      'no aggregation',
      ({ featureViews }) => (featureViews[0]!.features[1]!.aggregation = Aggregation.UNSPECIFIED),
      'feature_views.airport_outcomes.features.late_share_1h',
    ],
    [
      'no type',
      ({ sources }) => (sources[0]!.columns[0]!.type = ValueType.UNSPECIFIED),
      'sources.outcomes.columns.flight_id',
    ],
    [
      'a pattern that could run for ever',
      ({ sources }) => (sources[0]!.columns[4]!.pattern = '(a+)+'),
      'sources.outcomes.columns.origin.pattern',
    ],
    ['no row key', ({ sources }) => (sources[0]!.rowKey = []), 'sources.outcomes.row_key'],
  ])('refuses %s and names the field', async (_, change, field) => {
    const call = store.clientOf('invalid').applyDefinitions({ definitions: changed(change) });
    await expect(call).rejects.toMatchObject({
      reason: 'DEFINITION_INVALID',
      fieldViolations: expect.arrayContaining([expect.objectContaining({ field })]),
    });
  });

  it.each<[string, (definitions: Definitions) => void]>([
    ['another event time', ({ sources }) => (sources[0]!.eventTime = 'date')],
    ['another row key', ({ sources }) => (sources[0]!.rowKey = ['origin'])],
    ['a column taken away', ({ sources }) => sources[0]!.columns.splice(3, 1)],
  ])('refuses %s for a source in force', async (_, change) => {
    const client = store.clientOf('fixed');
    await client.applyDefinitions({ definitions: flightsDefinitions() });
    const call = client.applyDefinitions({ definitions: changed(change), expectedRevision: 1n });
    await expect(call).rejects.toMatchObject({ reason: 'DEFINITION_INVALID' });
  });
});
