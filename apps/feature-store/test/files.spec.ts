import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Dataset, IngestFileResponse } from '@plumbline/contract-features';
import { eventually } from '@plumbline/testing';
import { openDuck, type Duck } from '../src/store/duckdb.ts';
import { COLUMNS, HOUR, T0, departure, flight } from './messages.ts';
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
let duck: Duck;

/** Four partitions and a bit; one departure every four minutes, from four airports. */
const ROWS = 9_000;
const SPAN = BigInt(ROWS) * 240_000_000n;

beforeAll(async () => {
  around = await surroundings();
  store = await startFeatureStore(around);
  duck = await openDuck({ memoryLimitMb: 256, threads: 1 });
  await writeFlights('flights.parquet', `SELECT ${SYNTHETIC} FROM range(${ROWS}) AS r (i)`);
});
afterAll(async () => {
  await duck?.close();
  await store?.stop();
  await around?.database.close();
});

const SYNTHETIC = `
  make_timestamp(${T0} + i * 240000000) AS date, CAST(i % 45 - 10 AS BIGINT) AS delay,
  CAST(350 AS BIGINT) AS distance, ['ATL', 'ORD', 'DEN', 'SFO'][1 + i % 4] AS origin, 'LAX' AS destination`;

const pathOf = (name: string): string => join(around.dataDir, name);

async function writeFlights(name: string, select: string): Promise<void> {
  await duck.use((connection) => connection.run(`COPY (${select}) TO '${pathOf(name)}' (FORMAT parquet)`));
}

async function prepared(tenant: string): Promise<FeatureStoreClient> {
  const client = store.clientOf(tenant);
  await client.applyDefinitions({ definitions: flightsDefinitions() });
  return client;
}

const loadOf = (name: string, where = '') => ({
  source: 'outcomes',
  path: pathOf(name),
  where,
  rowNumberColumn: 'flight_id',
});

async function load(client: FeatureStoreClient, name: string, where = ''): Promise<IngestFileResponse> {
  let last: IngestFileResponse | undefined;
  for await (const report of client.ingestFile(loadOf(name, where), { timeoutMs: 60_000 })) last = report;
  return last!;
}

async function vectorsOf(client: FeatureStoreClient) {
  const entities = ['ATL', 'ORD', 'DEN', 'SFO'].map((origin) => departure(T0 + SPAN, origin));
  const { vectors } = await client.getOnlineFeatures({ featureService: 'flight_delay', entities });
  return vectors.map(({ values, statuses }) => ({ values, statuses }));
}

async function trainingSet(client: FeatureStoreClient, extra: object = {}): Promise<Dataset> {
  const request = {
    featureService: 'flight_delay',
    spineSource: 'outcomes',
    spineInstant: 'date',
    fromUs: T0,
    toUs: T0 + SPAN,
    label: 'delay > 15',
    requestValues: { departure_us: 'date', distance_miles: 'distance' },
    ...extra,
  };
  let dataset: Dataset | undefined;
  for await (const report of client.buildTrainingSet(request, { timeoutMs: 60_000 }))
    dataset = report.dataset;
  return dataset!;
}

/** Process ids of the running jobs of this process. */
function jobs(): number[] {
  try {
    const found = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'job-process'], {
      encoding: 'utf8',
    });
    return found.trim().split('\n').map(Number);
  } catch {
    return [];
  }
}

describe('IngestFile', () => {
  it('accounts for every row: accepted and quarantined make up what was read', async () => {
    const client = await prepared('corrupted');
    await writeFlights(
      'corrupted.parquet',
      `SELECT date, CASE WHEN i % 100 = 1 THEN 100000 ELSE delay END AS delay, distance,
              CASE WHEN i % 100 = 2 THEN NULL WHEN i % 100 = 3 THEN 'x' ELSE origin END AS origin, destination
       FROM (SELECT i, ${SYNTHETIC} FROM range(1000) AS r (i))`,
    );
    const report = await load(client, 'corrupted.parquet');
    expect(report).toMatchObject({ rowsRead: 1000n, rowsAccepted: 970n, rowsQuarantined: 30n, done: true });
    const { rows, total } = await client.listQuarantine({ pageSize: 1_000 });
    expect(total).toBe(30n);
    const reasons = Object.entries(Object.groupBy(rows, ({ reason }) => reason)).map(([key, all]) => [
      key,
      all?.length,
    ]);
    expect(new Map(reasons as [string, number][])).toEqual(
      new Map([
        ['VALUE_OUT_OF_RANGE', 10],
        ['VALUE_REQUIRED', 10],
        ['PATTERN_MISMATCH', 10],
      ]),
    );
    expect(rows.at(-1)!.origin).toBe(`file ${report.fileDigest} row 1`);
  });

  it('loads a file once, however often it is asked to', async () => {
    const client = await prepared('repeated');
    const first = await load(client, 'flights.parquet');
    const vectors = await vectorsOf(client);
    const again = await load(client, 'flights.parquet');
    const total = BigInt(ROWS);
    expect(first).toMatchObject({ rowsRead: total, rowsAccepted: total, rowsAlreadyLoaded: 0n });
    expect(again).toMatchObject({ rowsRead: total, rowsAccepted: total, rowsAlreadyLoaded: total });
    expect(await vectorsOf(client)).toEqual(vectors);
  });

  it('takes rows that another load or the stream brought before only once', async () => {
    const [client, plain] = [await prepared('overlapping'), await prepared('plain')];
    const known = [flight(0, T0, -10, 'ATL'), flight(1, T0 + 240_000_000n, -9, 'ORD')];
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows: known, batchId: 'early' });
    await load(client, 'flights.parquet', `date < timestamp('2001-01-12')`);
    const all = await load(client, 'flights.parquet');
    expect(all.rowsAccepted).toBe(BigInt(ROWS));
    expect(all.rowsAlreadyLoaded).toBe(BigInt((2 * 86_400) / 240));
    await load(plain, 'flights.parquet');
    expect(await vectorsOf(client)).toEqual(await vectorsOf(plain));
  });

  it('continues after its process was killed, and loses and doubles nothing', async () => {
    const [client, plain] = [await prepared('killed'), await prepared('unharmed')];
    const interrupted = (async () => {
      for await (const report of client.ingestFile(loadOf('flights.parquet'), { timeoutMs: 60_000 })) {
        if (report.rowsRead > 0n) for (const pid of jobs()) process.kill(pid, 'SIGKILL');
      }
    })();
    await expect(interrupted).rejects.toMatchObject({ reason: 'JOB_FAILED', codeName: 'UNAVAILABLE' });
    const report = await load(client, 'flights.parquet');
    expect(report).toMatchObject({ rowsRead: BigInt(ROWS), rowsAccepted: BigInt(ROWS) });
    expect(report.rowsAlreadyLoaded).toBeGreaterThan(0n);
    await load(plain, 'flights.parquet');
    expect(await vectorsOf(client)).toEqual(await vectorsOf(plain));
    const [left, right] = [await trainingSet(client), await trainingSet(plain)];
    expect(left.rows).toBe(BigInt(ROWS));
    expect(left.digest).toBe(right.digest);
  });

  it('stops with its caller', async () => {
    const client = await prepared('abandoned');
    const abort = new AbortController();
    const abandoned = (async () => {
      for await (const report of client.ingestFile(loadOf('flights.parquet'), { signal: abort.signal })) {
        if (report.rowsRead > 0n) abort.abort();
      }
    })();
    await expect(abandoned).rejects.toMatchObject({ codeName: 'CANCELLED' });
    await eventually(() => jobs().length === 0);
  });

  it('lets the stream correct a row that a load has sealed', async () => {
    const client = await prepared('sealed');
    await load(client, 'corrupted.parquet');
    const before = await vectorsOfDay(client);
    await client.ingestRows({
      source: 'outcomes',
      columns: COLUMNS,
      rows: [flight(0, T0, 2_000, 'ATL')],
      batchId: 'correction',
    });
    const after = await vectorsOfDay(client);
    expect(after.count).toBe(before.count);
    expect(after.mean).toBeCloseTo(before.mean + 2_010 / Number(before.count), 9);
  });

  it.each<[string, string, string]>([
    ['a file that is not there', 'missing.parquet', 'FILE_NOT_FOUND'],
    ['a file outside the permitted directories', '../../../../etc/hostname', 'FILE_NOT_FOUND'],
    ['a directory', 'folder', 'FILE_NOT_FOUND'],
    ['a path with a NUL', 'flights\u0000.parquet', 'FILE_NOT_FOUND'],
    ['a file that is no Parquet', 'text.parquet', 'FILE_MALFORMED'],
    ['a file that was cut off', 'truncated.parquet', 'FILE_MALFORMED'],
    ['a file without a required column', 'columns.parquet', 'FILE_MALFORMED'],
  ])(
    'refuses %s',
    async (_, name, reason) => {
      const client = await prepared('refusals');
      mkdirSync(pathOf('folder'), { recursive: true });
      writeFileSync(pathOf('text.parquet'), 'flight_id,date\n1,2001-01-01\n');
      await writeFlights('truncated.parquet', `SELECT ${SYNTHETIC} FROM range(1000) AS r (i)`);
      truncateSync(pathOf('truncated.parquet'), 900);
      await writeFlights('columns.parquet', `SELECT 1 AS delay`);
      await expect(load(client, name)).rejects.toMatchObject({ reason });
    },
    30_000,
  );

  it('refuses a condition that is not defined for a row', async () => {
    const client = await prepared('undefined');
    await expect(load(client, 'flights.parquet', '1 / delay > 0.5')).rejects.toMatchObject({
      reason: 'EXPRESSION_INVALID',
    });
  });

  it('points at the column of a condition that does not parse', async () => {
    const client = await prepared('conditions');
    await expect(load(client, 'flights.parquet', 'dely > 3')).rejects.toMatchObject({
      reason: 'EXPRESSION_INVALID',
      fieldViolations: [{ field: 'where', description: expect.stringContaining('column 1') }],
    });
  });
});

describe('BuildTrainingSet', () => {
  it('gives the same object for the same watermark, whatever came in between', async () => {
    const client = await prepared('reproducible');
    await load(client, 'corrupted.parquet');
    const first = await trainingSet(client);
    const rows = [flight(5_000, T0, 20, 'ATL')];
    await client.ingestRows({ source: 'outcomes', columns: COLUMNS, rows, batchId: 'later' });
    const changed = await trainingSet(client);
    expect(changed.digest).not.toBe(first.digest);
    expect(changed.rows).toBe(first.rows + 1n);
    expect((await trainingSet(client, { watermark: first.watermark })).digest).toBe(first.digest);
  });

  it.each<[string, object, string]>([
    ['an unknown feature service', { featureService: 'weather' }, 'FEATURE_SERVICE_NOT_FOUND'],
    ['an unknown source', { spineSource: 'weather' }, 'SOURCE_NOT_FOUND'],
    ['an empty time range', { toUs: T0 }, 'SPINE_INVALID'],
    ['a watermark that was not reached', { watermark: 2n ** 62n }, 'SPINE_INVALID'],
    ['a label that is a text', { label: 'origin' }, 'SPINE_INVALID'],
    ['an instant that is a number', { spineInstant: 'delay' }, 'EXPRESSION_INVALID'],
    ['a request input that nothing gives', { requestValues: {} }, 'REQUEST_VALUE_MISSING'],
  ])('refuses %s', async (_, change, reason) => {
    const client = await prepared('spines');
    await expect(trainingSet(client, change)).rejects.toMatchObject({ reason });
  });
});

async function vectorsOfDay(client: FeatureStoreClient): Promise<{ count: bigint; mean: number }> {
  const entities = [departure(T0 + 20n * HOUR)];
  const { vectors, featureNames } = await client.getOnlineFeatures({
    featureService: 'flight_delay',
    entities,
  });
  const valueOf = (name: string) =>
    vectors[0]!.values[featureNames.indexOf(`airport_outcomes:${name}`)]!.kind.value;
  return { count: valueOf('count_24h') as bigint, mean: valueOf('mean_delay_24h') as number };
}
