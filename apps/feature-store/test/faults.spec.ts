import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceError } from '@plumbline/errors';
import { eventually } from '@plumbline/testing';
import { COLUMNS, HOUR, T0, departure, flight } from './messages.ts';
import { openProxy, type Proxy } from './proxy.ts';
import {
  clientsOf,
  environment,
  flightsDefinitions,
  freePort,
  surroundings,
  type FeatureStoreClient,
  type Surroundings,
} from './rig.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const BATCHES = 60;
const ROWS_PER_BATCH = 5;

let around: Surroundings;
let proxy: Proxy;
let port: number;
let child: ChildProcess;
let clients: ReturnType<typeof clientsOf>;

beforeAll(async () => {
  around = await surroundings();
  proxy = await openProxy(around.database.url);
  port = await freePort();
  child = start();
  clients = clientsOf(port);
  await eventually(() => clients.clientOf('any').getDefinitions({}));
});
afterAll(async () => {
  clients?.close();
  await ended('SIGTERM');
  await proxy?.cut();
  await around?.database.close();
});

function start(): ChildProcess {
  const env = {
    ...environment(around, port),
    DATABASE_URL: proxy.url,
    PATH: process.env['PATH'] ?? '',
  };
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN], { env, stdio: 'inherit' });
}

async function ended(signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

const batch = (number: number) => ({
  source: 'outcomes',
  columns: COLUMNS,
  rows: Array.from({ length: ROWS_PER_BATCH }, (_, row) => flight(number * ROWS_PER_BATCH + row, T0, 3)),
  batchId: `batch ${number}`,
});

/** Sends a batch until it is acknowledged, as a producer does that retries UNAVAILABLE with the same id, and only that. */
async function deliver(client: FeatureStoreClient, number: number): Promise<void> {
  const attempt = async (): Promise<{ readonly refusal?: unknown }> => {
    try {
      await client.ingestRows(batch(number), { timeoutMs: 5_000 });
      return {};
    } catch (error) {
      if (isUnavailable(error)) throw error;
      return { refusal: error };
    }
  };
  const { refusal } = await eventually(attempt);
  expect(refusal).toBeUndefined();
}

function isUnavailable(error: unknown): boolean {
  return error instanceof ServiceError && error.codeName === 'UNAVAILABLE';
}

async function countOf(client: FeatureStoreClient): Promise<bigint> {
  const entities = [departure(T0 + 3n * HOUR)];
  const { vectors, featureNames } = await client.getOnlineFeatures({
    featureService: 'flight_delay',
    entities,
  });
  return vectors[0]!.values[featureNames.indexOf('airport_outcomes:count_24h')]!.kind.value as bigint;
}

describe('a feature store that is killed between and within batches', () => {
  it('has every acknowledged row once, online and in history', async () => {
    const client = clients.clientOf('killed');
    await client.applyDefinitions({ definitions: flightsDefinitions() });
    const kills = [10, 30, 45];
    for (let number = 0; number < BATCHES; number += 5) {
      const together = [0, 1, 2, 3, 4].map((offset) => deliver(client, number + offset));
      if (kills[0] !== undefined && number >= kills[0]) {
        kills.shift();
        await ended('SIGKILL');
        child = start();
      }
      await Promise.all(together);
    }
    for (const number of [0, 17, 59]) await deliver(client, number);
    expect(await countOf(client)).toBe(BigInt(BATCHES * ROWS_PER_BATCH));
    let rows = 0n;
    const request = {
      featureService: 'flight_delay',
      spineSource: 'outcomes',
      spineInstant: 'date',
      toUs: T0 + HOUR,
      label: 'delay > 15',
      requestValues: { departure_us: 'date', distance_miles: 'distance' },
    };
    for await (const { dataset } of client.buildTrainingSet(request)) rows = dataset?.rows ?? rows;
    expect(rows).toBe(BigInt(BATCHES * ROWS_PER_BATCH));
  });
});

describe('a feature store whose database is away', () => {
  it('says so with a reason, acknowledges nothing and recovers by itself', async () => {
    const client = clients.clientOf('cut-off');
    await client.applyDefinitions({ definitions: flightsDefinitions() });
    await client.ingestRows(batch(0));
    await proxy.cut();
    const calls = [
      client.ingestRows(batch(1)),
      countOf(client),
      client.applyDefinitions({ definitions: flightsDefinitions() }),
      client.listQuarantine({}),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(ServiceError) as object });
      expect((outcome as PromiseRejectedResult).reason).toMatchObject({
        reason: 'DATABASE_UNAVAILABLE',
        codeName: 'UNAVAILABLE',
      });
    }
    await proxy.restore();
    await deliver(client, 1);
    expect(await countOf(client)).toBe(BigInt(2 * ROWS_PER_BATCH));
  });
});
