import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDatabase } from '@plumbline/sql';
import { silentLog } from '@plumbline/testing';
import { COLUMNS, HOUR, NULL, T0, departure, flight, instant, int, real, text } from './messages.ts';
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

const batch = (batchId: string, rows: ReturnType<typeof flight>[]) => ({
  source: 'outcomes',
  columns: COLUMNS,
  rows,
  batchId,
});

async function countOf(client: FeatureStoreClient, asOfUs = T0 + 5n * HOUR): Promise<bigint | undefined> {
  const entities = [departure(asOfUs)];
  const { vectors, featureNames } = await client.getOnlineFeatures({
    featureService: 'flight_delay',
    entities,
  });
  const { value } = vectors[0]!.values[featureNames.indexOf('airport_outcomes:count_24h')]!.kind;
  return value as bigint | undefined;
}

describe('IngestRows', () => {
  it('quarantines what fails its checks with raw content and reason, and keeps everything else', async () => {
    const client = await prepared('quarantine');
    const good = flight(1, T0, 3).values!;
    const bad = [
      [good.with(2, NULL), 'VALUE_REQUIRED'],
      [good.with(2, text('late')), 'WRONG_TYPE'],
      [good.with(2, real(1.5)), 'WRONG_TYPE'],
      [good.with(2, real(Number.NaN)), 'WRONG_TYPE'],
      [good.with(2, int(100_000)), 'VALUE_OUT_OF_RANGE'],
      [good.with(4, text('atlanta')), 'PATTERN_MISMATCH'],
      [good.with(1, instant(8_000_000_000_000_000n)), 'EVENT_TIME_INVALID'],
    ] as const;
    const rows = [{ values: [...good] }, ...bad.map(([values]) => ({ values: [...values] }))];
    const response = await client.ingestRows(batch('mixed', rows));
    expect(response).toMatchObject({ rowsAccepted: 1n, rowsQuarantined: BigInt(bad.length) });
    expect(await countOf(client)).toBe(1n);
    const { rows: quarantined, total } = await client.listQuarantine({ source: 'outcomes' });
    expect(total).toBe(BigInt(bad.length));
    expect(quarantined.map(({ reason }) => reason).toReversed()).toEqual(bad.map(([, reason]) => reason));
    const wrongType = JSON.parse(Buffer.from(quarantined.at(-2)!.raw).toString()) as object;
    expect(wrongType).toMatchObject({ flight_id: 1, delay: 'late', origin: 'ATL' });
    expect(quarantined.at(-2)!.origin).toBe('batch mixed row 2');
  });

  it('pages through quarantine, newest first', async () => {
    const client = await prepared('pages');
    const rows = [1, 2, 3].map((id) => ({ values: flight(id, T0, 3).values!.with(4, text('?')) }));
    await client.ingestRows(batch('bad', rows));
    const first = await client.listQuarantine({ pageSize: 2 });
    const second = await client.listQuarantine({ pageSize: 2, pageToken: first.nextPageToken });
    const origins = [...first.rows, ...second.rows].map(({ origin }) => origin);
    expect(origins).toEqual([2, 1, 0].map((row) => `batch bad row ${row}`));
    expect(second.nextPageToken).toBe('');
    const forged = client.listQuarantine({ pageToken: 'x' });
    await expect(forged).rejects.toMatchObject({ reason: 'PAGE_TOKEN_INVALID' });
    const unknown = client.listQuarantine({ source: 'weather' });
    await expect(unknown).rejects.toMatchObject({ reason: 'SOURCE_NOT_FOUND' });
  });

  it('keeps texts with any character apart, online and in quarantine', async () => {
    const client = store.clientOf('texts');
    const definitions = flightsDefinitions();
    for (const column of definitions.sources[0]!.columns.slice(4)) column.pattern = '';
    await client.applyDefinitions({ definitions });
    const origins = ['\u0000', '"],["', '\\', '', '\u{1F6EB}'];
    const rows = origins.map((origin, id) => flight(id, T0, 3, origin));
    await client.ingestRows(
      batch('odd', [...rows, { values: flight(9, T0, 3, '\u0000').values!.with(2, NULL) }]),
    );
    const entities = origins.map((origin) => departure(T0 + 2n * HOUR, origin));
    const { vectors } = await client.getOnlineFeatures({ featureService: 'flight_delay', entities });
    expect(vectors.map(({ values }) => values[0]!.kind.value)).toEqual(origins.map(() => 1n));
    const { rows: quarantined } = await client.listQuarantine({});
    expect(JSON.parse(Buffer.from(quarantined[0]!.raw).toString())).toMatchObject({ origin: '\u0000' });
  });

  it('quarantines rows whose keys no index can hold, and keeps the others', async () => {
    const client = store.clientOf('long-keys');
    const definitions = flightsDefinitions();
    for (const column of definitions.sources[0]!.columns.slice(4)) column.pattern = '';
    await client.applyDefinitions({ definitions });
    const longest = 'é'.repeat(500);
    const rows = [
      flight(1, T0, 3, longest),
      flight(2, T0, 3, 'é'.repeat(600)),
      flight(3, T0, 3, 'x'.repeat(9_000)),
    ];
    const response = await client.ingestRows(batch('long', rows));
    expect(response).toMatchObject({ rowsAccepted: 1n, rowsQuarantined: 2n });
    const { rows: quarantined } = await client.listQuarantine({});
    expect(quarantined.map(({ reason }) => reason)).toEqual(['KEY_TOO_LONG', 'KEY_TOO_LONG']);
    const { vectors } = await client.getOnlineFeatures({
      featureService: 'flight_delay',
      entities: [departure(T0 + 2n * HOUR, longest)],
    });
    expect(vectors[0]!.values[0]!.kind.value).toBe(1n);
  });

  it('answers a repeated batch as the first time and counts nothing twice', async () => {
    const client = await prepared('repeated');
    const request = batch('again', [flight(1, T0, 3), flight(2, T0, 30)]);
    const first = await client.ingestRows(request);
    const again = await client.ingestRows(request);
    expect(first).toMatchObject({ rowsAccepted: 2n, alreadyApplied: false });
    expect(again).toMatchObject({ rowsAccepted: 2n, alreadyApplied: true });
    expect(await countOf(client)).toBe(2n);
  });

  it('takes the same batch sent many times at once exactly once', async () => {
    const client = await prepared('racing');
    const request = batch('race', [flight(1, T0, 3), flight(2, T0, 30)]);
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.ingestRows(request)));
    expect(answers.filter(({ alreadyApplied }) => !alreadyApplied)).toHaveLength(1);
    expect(await countOf(client)).toBe(2n);
  });

  it('takes rows that overlap in entities from many batches at once without losing any', async () => {
    const client = await prepared('concurrent');
    const ids = Array.from({ length: 12 }, (_, index) => index);
    await Promise.all(
      ids.map((id) => client.ingestRows(batch(`b${id}`, [flight(2 * id, T0, 3), flight(2 * id + 1, T0, 3)]))),
    );
    expect(await countOf(client)).toBe(24n);
  });

  it('refuses, of batches that arrive together, only those that deserve it', async () => {
    const client = store.clientOf('mixed-fates');
    const definitions = flightsDefinitions();
    definitions.sources[0]!.rejectBatchAboveShare = 0.25;
    await client.applyDefinitions({ definitions });
    await client.ingestRows(batch('b0', [flight(0, T0, 3)]));
    const bad = { values: flight(9, T0, 3).values!.with(4, text('?')) };
    const answers = await Promise.allSettled([
      ...[1, 2, 3].map((id) => client.ingestRows(batch(`b${id}`, [flight(id, T0, 3)]))),
      client.ingestRows(batch('rejected', [bad])),
      client.ingestRows(batch('b0', [flight(0, T0, 4)])),
      client.ingestRows(batch('b0', [flight(0, T0, 3)])),
      ...[4, 5].map((id) => client.ingestRows(batch(`b${id}`, [flight(id, T0, 3)]))),
    ]);
    const fates = answers.map((answer) =>
      answer.status === 'fulfilled'
        ? answer.value.alreadyApplied
        : (answer.reason as { reason: string }).reason,
    );
    expect(fates).toEqual([false, false, false, 'BATCH_REJECTED', 'BATCH_ID_REUSED', true, false, false]);
    expect(await countOf(client)).toBe(6n);
  });

  it('counts a row that another batch repeats once, and the newest version of a corrected one', async () => {
    const client = await prepared('corrections');
    await client.ingestRows(batch('b1', [flight(1, T0, 3), flight(2, T0, 30)]));
    await client.ingestRows(batch('b2', [flight(1, T0, 3), flight(2, T0, 5)]));
    expect(await countOf(client)).toBe(2n);
    const { vectors, featureNames } = await client.getOnlineFeatures({
      featureService: 'flight_delay',
      entities: [departure(T0 + 5n * HOUR)],
    });
    const mean = vectors[0]!.values[featureNames.indexOf('airport_outcomes:mean_delay_24h')]!;
    expect(mean.kind.value).toBe(4);
  });

  it('quarantines a correction that would move its row to another entity', async () => {
    const client = await prepared('moved');
    await client.ingestRows(batch('b1', [flight(1, T0, 3)]));
    const response = await client.ingestRows(batch('b2', [flight(1, T0, 3, 'ORD')]));
    expect(response).toMatchObject({ rowsAccepted: 0n, rowsQuarantined: 1n });
    const { rows } = await client.listQuarantine({});
    expect(rows[0]!.reason).toBe('ENTITY_KEY_CHANGED');
    expect(await countOf(client)).toBe(1n);
  });

  it.each<[string, object, string]>([
    ['no batch id', { batchId: '' }, 'ROWS_INVALID'],
    ['a batch id with control characters', { batchId: 'a\u0000b' }, 'ROWS_INVALID'],
    ['no rows', { rows: [] }, 'ROWS_INVALID'],
    ['an unknown column', { columns: [...COLUMNS.slice(0, 5), 'gate'] }, 'ROWS_INVALID'],
    ['a column named twice', { columns: [...COLUMNS.slice(0, 5), 'delay'] }, 'ROWS_INVALID'],
    ['uneven rows', { rows: [{ values: [int(1)] }] }, 'ROWS_INVALID'],
    ['an unknown source', { source: 'weather' }, 'SOURCE_NOT_FOUND'],
  ])('is refused for %s', async (_, change, reason) => {
    const client = await prepared('malformed');
    await expect(client.ingestRows({ ...batch('b', [flight(1, T0, 3)]), ...change })).rejects.toMatchObject({
      reason,
    });
  });

  it('refuses other rows under a batch id that was used', async () => {
    const client = await prepared('reused');
    await client.ingestRows(batch('b', [flight(1, T0, 3)]));
    const call = client.ingestRows(batch('b', [flight(1, T0, 4)]));
    await expect(call).rejects.toMatchObject({ reason: 'BATCH_ID_REUSED', codeName: 'ALREADY_EXISTS' });
  });

  it('rejects a batch whole where its source tolerates few faults', async () => {
    const client = store.clientOf('strict');
    const definitions = flightsDefinitions();
    definitions.sources[0]!.rejectBatchAboveShare = 0.25;
    await client.applyDefinitions({ definitions });
    const bad = { values: flight(9, T0, 3).values!.with(4, text('?')) };
    const call = client.ingestRows(batch('half', [flight(1, T0, 3), bad]));
    await expect(call).rejects.toMatchObject({ reason: 'BATCH_REJECTED', codeName: 'FAILED_PRECONDITION' });
    expect(await countOf(client)).toBeUndefined();
    const tolerable = [1, 2, 3].map((id) => flight(id, T0, 3));
    await client.ingestRows(batch('quarter', [...tolerable, bad]));
    expect(await countOf(client)).toBe(3n);
  });

  it('announces quarantined rows by reason', async () => {
    const client = await prepared('announced');
    const bad = { values: flight(9, T0, 3).values!.with(4, text('?')) };
    await client.ingestRows(batch('b', [bad]));
    const database = openDatabase({
      url: around.database.url,
      schema: around.database.schema,
      log: silentLog,
    });
    const events = await database.query<{ subject: string }>(
      `SELECT subject FROM outbox WHERE tenant = 'announced' ORDER BY enqueued_at`,
    );
    await database.close();
    expect(events.map(({ subject }) => subject)).toEqual([
      'plumbline.features.definitions-applied',
      'plumbline.features.rows-quarantined',
    ]);
  });
});

describe('IngestStream', () => {
  it('answers every batch after its commit, in order', async () => {
    const client = await prepared('streamed');
    async function* batches() {
      for (const id of [1, 2, 3]) yield batch(`s${id}`, [flight(id, T0, 3)]);
    }
    const answers: string[] = [];
    for await (const { batchId, rowsAccepted } of client.ingestStream(batches())) {
      answers.push(`${batchId} ${rowsAccepted}`);
    }
    expect(answers).toEqual(['s1 1', 's2 1', 's3 1']);
    expect(await countOf(client)).toBe(3n);
  });
});
