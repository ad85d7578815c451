import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'nats';
import { hasReason } from '@plumbline/errors';
import { freePort, provisionDatabase, startNats, startPostgres, type LocalNats } from '@plumbline/local';
import { openDatabase, type Database } from '@plumbline/sql';
import {
  eventually,
  silentLog,
  temporaryDirectory,
  testDatabase,
  type TestDatabase,
} from '@plumbline/testing';
import { connectEvents, enqueue, startReconciler, startRelay, type EventBus } from '../src/index.ts';
import { consumeThings, createTables, event, labels } from './harness.ts';

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

let storeDirectory: string;
let port: number;
let nats: LocalNats;
let bus: EventBus;
let closing: { close(): Promise<void> }[];

const startBroker = () => startNats({ storeDirectory, port });

async function killBroker(): Promise<void> {
  process.kill(nats.pid, 'SIGKILL');
  await nats.exited;
}

beforeEach(async () => {
  storeDirectory = join(await temporaryDirectory(), 'nats');
  port = await freePort(0, 'a test');
  nats = await startBroker();
  bus = await connectEvents({ url: nats.url, service: 'test', log: silentLog });
  closing = [];
});
afterEach(async () => {
  for (const one of closing.reverse()) await one.close();
  await bus.close();
  await nats.close();
});

describe('a broker that fails', () => {
  let server: TestDatabase;
  let database: Database;

  beforeEach(async () => {
    server = await testDatabase('events');
    database = openDatabase({ url: server.url, schema: server.schema, log: silentLog });
    await createTables(database);
  });
  afterEach(async () => {
    for (const one of closing.splice(0).reverse()) await one.close();
    await database.close();
    await server.close();
  });

  const publishAll = async (names: readonly string[]): Promise<void> => {
    for (const name of names) await database.transaction((tx) => enqueue(tx, [event(name)]));
  };

  it('loses nothing and doubles nothing while it is killed and restarted under load', async () => {
    closing.push(startRelay({ database, bus, log: silentLog }));
    closing.push(await consumeThings({ database, bus }));
    for (const round of [0, 1, 2]) {
      const names = numbered(100).map((name) => `${round}.${name}`);
      const publishing = publishAll(names);
      await eventually(async () => (await labels(database)).length > round * 100 + 10);
      await killBroker();
      await publishing;
      nats = await startBroker();
    }
    await eventually(async () => (await labels(database)).length >= 300);
    const applied = await labels(database);
    expect(applied).toHaveLength(300);
    expect(new Set(applied).size).toBe(300);
  });

  it('is mended by the reconciler when it comes back empty', async () => {
    const relay = startRelay({ database, bus, log: silentLog });
    closing.push(relay);
    const first = await consumeThings({ database, bus });
    await publishAll(numbered(40));
    await eventually(async () => (await labels(database)).length === 40);
    await first.close();
    await killBroker();
    await rm(storeDirectory, { recursive: true });
    nats = await startBroker();

    closing.push(startReconciler({ database, bus, log: silentLog, intervalMs: 200 }));
    closing.push(await consumeThings({ database, bus }));
    closing.push(await consumeThings({ database, bus, durable: 'test-late' }));
    await publishAll(['after']);
    const seenBy = async (durable: string) =>
      (await database.query('SELECT 1 FROM inbox WHERE durable = $1', [durable])).length;
    await eventually(async () => (await seenBy('test-late')) === 41);
    await eventually(async () => (await seenBy('test-things')) === 41);
    expect((await labels(database)).sort()).toEqual(
      [...numbered(40), ...numbered(40), 'after', 'after'].sort(),
    );
  });

  it('is mended by the reconciler when its stream is deleted under running consumers', async () => {
    closing.push(startRelay({ database, bus, log: silentLog }));
    closing.push(startReconciler({ database, bus, log: silentLog, intervalMs: 200 }));
    closing.push(await consumeThings({ database, bus }));
    await publishAll(numbered(20));
    await eventually(async () => (await labels(database)).length === 20);
    const operator = await connect({ servers: nats.url });
    await (await operator.jetstreamManager()).streams.delete('PLUMBLINE');
    await operator.close();
    await publishAll(['after 1', 'after 2']);
    await eventually(async () => (await bus.streamState()).lastSequence >= 22n);
    await eventually(async () => (await labels(database)).length >= 22);
    expect((await labels(database)).sort()).toEqual([...numbered(20), 'after 1', 'after 2'].sort());
  });

  it('may be away when everything starts', async () => {
    await killBroker();
    await bus.close();
    bus = await connectEvents({ url: nats.url, service: 'test', log: silentLog });
    await expect(bus.ready()).rejects.toMatchObject({ reason: 'EVENTS_UNAVAILABLE' });
    const relay = startRelay({ database, bus, log: silentLog });
    closing.push(
      relay,
      startReconciler({ database, bus, log: silentLog }),
      await consumeThings({ database, bus }),
    );
    await publishAll(['patient']);
    await expect(relay.flush()).rejects.toMatchObject({ reason: 'EVENTS_UNAVAILABLE' });
    nats = await startBroker();
    await eventually(async () => (await labels(database)).includes('patient'));
  });
});

describe('a database that fails', () => {
  it('loses nothing and doubles nothing while it is killed and restarted under load', async () => {
    const dataDirectory = join(await temporaryDirectory(), 'postgres');
    const postgresPort = await freePort(0, 'a test');
    const start = () => startPostgres({ dataDirectory, port: postgresPort, durable: false });
    let postgres = await start();
    const { url, schema } = await provisionDatabase(postgres.url, { service: 'events', log: silentLog });
    const database = openDatabase({ url, schema, log: silentLog });
    try {
      await createTables(database);
      closing.push(startRelay({ database, bus, log: silentLog }), await consumeThings({ database, bus }));
      const publishing = (async () => {
        for (const name of numbered(200)) await insisting(database, name);
      })();
      for (const threshold of [20, 80]) {
        await eventually(async () => (await labels(database)).length > threshold);
        process.kill(postgres.pid, 'SIGKILL');
        await postgres.exited;
        postgres = await start();
      }
      await publishing;
      await eventually(async () => (await labels(database)).length >= 200);
      const applied = await labels(database);
      expect(new Set(applied).size).toBe(200);
      expect(applied).toHaveLength(200);
    } finally {
      for (const one of closing.splice(0).reverse()) await one.close();
      await database.close();
      await postgres.close();
    }
  });
});

/** As a careful caller does: again with the same id until it is acknowledged. */
async function insisting(database: Database, name: string): Promise<void> {
  const thing = event(name);
  await eventually(async () => {
    try {
      await database.transaction((tx) => enqueue(tx, [thing]));
      return true;
    } catch (error) {
      if (hasReason(error, 'DATABASE_UNAVAILABLE')) return false;
      throw error;
    }
  });
}
