/* eslint-disable no-console -- a command whose output is its purpose */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DuckDBInstance } from '@duckdb/node-api';
import { create } from '@bufbuild/protobuf';
import { ValueSchema, type Value } from '@plumbline/contract-common';
import type { Dataset, ServedVector } from '@plumbline/contract-features';
import { provisionDatabase, startNats, startPostgres } from '@plumbline/local';
import { silentLog, eventually } from '@plumbline/testing';
import { clientsOf, flightsDefinitions, freePort, SECRET, type FeatureStoreClient } from '../rig.ts';

/**
 * Measures a feature store on the real flights, alone on an embedded Postgres and nats-server:
 *   node tools/node.mjs apps/feature-store/test/load/flights.ts [--until=2001-03-01] [--slices=N] [--keep]
 * loads January and February (or more) from Parquet, replays slices of March, reads online, builds the training set of January
 * to March and recomputes what was served. `--keep` leaves the service running for others.
 */
const option = (name: string, fallback: number): number => {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? fallback : Number(given.split('=')[1]);
};
const SLICES = option('slices', 500);
/** Flights before this day are loaded from the file. */
const UNTIL = process.argv.find((argument) => argument.startsWith('--until='))?.slice(8) ?? '2001-03-01';
const HOME = process.env['BENCH_HOME'] ?? mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
const DATA = fileURLToPath(new URL('../../../../node_modules/vega-datasets/data', import.meta.url));
const FILE = `${DATA}/flights-3m.parquet`;
const COLUMNS = ['flight_id', 'date', 'delay', 'distance', 'origin', 'destination'];
const us = (text: string): bigint => BigInt(Date.parse(text)) * 1000n;
const SLICE_US = 300_000_000n;

const postgres = await startPostgres({ dataDirectory: `${HOME}/postgres`, port: 0 });
const { url } = await provisionDatabase(postgres.url, { service: 'feature-store', log: silentLog });
const nats = await startNats({ storeDirectory: `${HOME}/nats`, port: 0 });
const port = await freePort();
const service = spawn(
  process.execPath,
  ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('../../src/main.ts', import.meta.url))],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      GRPC_PORT: String(port),
      ADMIN_PORT: '0',
      DATABASE_URL: url,
      NATS_URL: nats.url,
      OBJECTS_DIR: `${HOME}/objects`,
      DATA_DIRECTORIES: DATA,
      SERVICE_SECRET: SECRET,
      LOG_LEVEL: 'warn',
    },
  },
);
const ended = new Promise((resolve) => service.once('exit', resolve));
const clients = clientsOf(port);
const client = clients.clientOf(`bench-${Date.now()}`);
try {
  await eventually(() => client.getDefinitions({}), { timeoutMs: 30_000 });
  await client.applyDefinitions({ definitions: flightsDefinitions() });
  await load(client);
  const served = SLICES > 0 ? await replay(client) : [];
  const dataset = await train(client);
  await train(client, dataset.watermark);
  if (served.length > 0) await recompute(client, served);
  console.log(
    `training set: ${HOME}/objects/sha256/${dataset.digest.slice(7, 9)}/${dataset.digest.slice(9)}`,
  );
  if (process.argv.includes('--keep')) {
    console.log(`serving on 127.0.0.1:${port} until interrupted`);
    await new Promise((resolve) => process.once('SIGINT', resolve));
  }
} finally {
  clients.close();
  service.kill('SIGTERM');
  await ended;
  await nats.close();
  await postgres.close();
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(2)} s`);
  return result;
}

async function load(store: FeatureStoreClient): Promise<void> {
  await timed(`load of the flights before ${UNTIL}`, async () => {
    const request = {
      source: 'outcomes',
      path: FILE,
      where: `date < timestamp('${UNTIL}')`,
      rowNumberColumn: 'flight_id',
    };
    for await (const report of store.ingestFile(request, { timeoutMs: 600_000 })) {
      if (report.done) console.log(`${report.rowsAccepted} accepted, ${report.rowsQuarantined} quarantined`);
    }
  });
}

interface Flight {
  readonly id: number;
  readonly date: bigint;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
  readonly known: bigint;
}

async function marchFlights(): Promise<Flight[]> {
  const duck = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '512MB' });
  const connection = await duck.connect();
  const result = await connection.runAndReadAll(
    `SELECT file_row_number, epoch_us(date), delay, distance, origin, destination
     FROM read_parquet('${FILE}', file_row_number = true)
     WHERE date >= TIMESTAMP '2001-03-01' AND date < TIMESTAMP '2001-04-01'`,
  );
  return result.getRows().map(([id, date, delay, distance, origin, destination]) => ({
    id: Number(id),
    date: date as bigint,
    delay: Number(delay),
    distance: Number(distance),
    origin: origin as string,
    destination: destination as string,
    known: (date as bigint) + BigInt(3_600_000_000 + Math.round((Number(distance) / 350) * 3_600_000_000)),
  }));
}

/** Outcomes as they become known, slice by slice; in each slice a few reads, each at its flight's own departure. */
async function replay(store: FeatureStoreClient): Promise<ServedVector[]> {
  const flights = await marchFlights();
  const byKnown = Map.groupBy(flights, (flight) => flight.known / SLICE_US);
  const byDate = Map.groupBy(flights, (flight) => flight.date / SLICE_US);
  const slices = [...new Set([...byKnown.keys()])].sort((a, b) => (a < b ? -1 : 1)).slice(0, SLICES);
  const ingest: number[] = [];
  const read: number[] = [];
  const served: ServedVector[] = [];
  let rows = 0;
  const before = cpu();
  const started = performance.now();
  for (const slice of slices) {
    const outcomes = byKnown.get(slice)!;
    rows += outcomes.length;
    ingest.push(await milliseconds(() => ingestSlice(store, slice, outcomes)));
    const departures = (byDate.get(slice + 1n) ?? []).slice(0, 4);
    await Promise.all(
      departures.map(async (flight) =>
        read.push(await milliseconds(async () => served.push(await serve(store, flight)))),
      ),
    );
  }
  const seconds = (performance.now() - started) / 1000;
  const used = cpu().map((ms, index) => ((ms - before[index]!) / slices.length).toFixed(2));
  console.log(`CPU of a slice with its reads: service ${used[0]} ms, Postgres ${used[1]} ms`);
  console.log(
    `replay: ${slices.length} slices, ${rows} rows, ${served.length} reads in ${seconds.toFixed(1)} s`,
  );
  console.log(`ingest of a slice: ${quantiles(ingest)}; online read: ${quantiles(read)}`);
  return served;
}

function ingestSlice(
  store: FeatureStoreClient,
  slice: bigint,
  outcomes: readonly Flight[],
): Promise<unknown> {
  const rows = outcomes.map(({ id, date, delay, distance, origin, destination }) => ({
    values: [int(id), instant(date), int(delay), int(distance), text(origin), text(destination)],
  }));
  return store.ingestRows({ source: 'outcomes', columns: COLUMNS, rows, batchId: `slice ${slice}` });
}

async function serve(store: FeatureStoreClient, flight: Flight): Promise<ServedVector> {
  const entity = {
    keys: { origin: text(flight.origin), destination: text(flight.destination) },
    requestValues: { departure_us: instant(flight.date), distance_miles: int(flight.distance) },
    asOfUs: flight.date,
  };
  const { vectors } = await store.getOnlineFeatures({ featureService: 'flight_delay', entities: [entity] });
  return { entity, views: vectors[0]!.views, vector: vectors[0] } as unknown as ServedVector;
}

async function train(store: FeatureStoreClient, watermark = 0n): Promise<Dataset> {
  return timed(`training set of January to March${watermark > 0n ? ' again' : ''}`, async () => {
    const request = {
      featureService: 'flight_delay',
      spineSource: 'outcomes',
      spineInstant: 'date',
      fromUs: us('2001-01-01T00:00:00Z'),
      toUs: us('2001-04-01T00:00:00Z'),
      label: 'delay > 15',
      requestValues: { departure_us: 'date', distance_miles: 'distance' },
      watermark,
    };
    let dataset: Dataset | undefined;
    for await (const report of store.buildTrainingSet(request, { timeoutMs: 600_000 })) {
      dataset = report.dataset ?? dataset;
    }
    console.log(`${dataset!.rows} rows, ${dataset!.digest}`);
    return dataset!;
  });
}

async function recompute(store: FeatureStoreClient, served: readonly ServedVector[]): Promise<void> {
  const sample = served.slice(-1_000);
  const { vectors } = await timed(`recomputation of ${sample.length} vectors`, () =>
    store.recomputeFeatures(
      { featureService: 'flight_delay', featureServiceVersion: 1, vectors: sample },
      { timeoutMs: 120_000 },
    ),
  );
  const print = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  const differing = vectors.filter(
    (vector, index) => print(vector) !== print((sample[index] as unknown as { vector: unknown }).vector),
  );
  console.log(`${differing.length} of ${vectors.length} vectors differ`);
}

/** CPU time of the service and of all Postgres processes so far, in milliseconds; wall time lies on a busy machine. */
function cpu(): [number, number] {
  const clocks = readdirSync('/proc').flatMap((pid): { pid: number; parent: number; ticks: number }[] => {
    try {
      const fields = readFileSync(`/proc/${Number(pid)}/stat`, 'utf8')
        .split(') ')
        .at(-1)!
        .split(' ')
        .map(Number);
      return [{ pid: Number(pid), parent: fields[1]!, ticks: fields[11]! + fields[12]! }];
    } catch {
      return []; // not a process, or ended meanwhile
    }
  });
  const sum = (of: (clock: { pid: number; parent: number }) => boolean): number =>
    clocks.filter(of).reduce((total, clock) => total + 10 * clock.ticks, 0);
  return [sum(({ pid }) => pid === service.pid), sum(({ parent }) => parent === postgres.pid)];
}

async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function quantiles(samples: number[]): string {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? NaN).toFixed(2);
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, p99 ${at(0.99)} ms`;
}

function int(value: number): Value {
  return create(ValueSchema, { kind: { case: 'int64Value', value: BigInt(value) } });
}

function text(value: string): Value {
  return create(ValueSchema, { kind: { case: 'stringValue', value } });
}

function instant(value: bigint): Value {
  return create(ValueSchema, { kind: { case: 'timestampUs', value } });
}
