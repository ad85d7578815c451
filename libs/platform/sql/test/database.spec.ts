import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, silentLog, testDatabase, type TestDatabase } from '@plumbline/testing';
import { isUniqueViolation, openDatabase, timestamp, within, type Database } from '../src/index.ts';

let server: TestDatabase;
let database: Database;

beforeAll(async () => {
  server = await testDatabase('sql');
  database = open();
  await database.query('CREATE TABLE account (id bigint PRIMARY KEY, balance bigint NOT NULL)');
});
afterAll(async () => {
  await database.close();
  await server.close();
});
beforeEach(async () => {
  await database.query('TRUNCATE account');
});

const open = (options: { poolSize?: number; defaultTimeoutMs?: number } = {}) =>
  openDatabase({ url: server.url, schema: server.schema, log: silentLog, ...options });

describe('values', () => {
  it('reads int8 and timestamptz as bigint, numeric as text and bytea as bytes', async () => {
    const [row] = await database.query(
      `SELECT 9007199254740993::int8 AS big, timestamptz '2001-02-03 04:05:06.123456Z' AS at,
              1.10::numeric AS exact, '\\x00ff'::bytea AS bytes, ARRAY[1::int8, NULL] AS bigs`,
    );
    expect(row).toEqual({
      big: 9_007_199_254_740_993n,
      at: 981_173_106_123_456n,
      exact: '1.10',
      bytes: Buffer.from([0, 255]),
      bigs: [1n, null],
    });
  });

  it('writes bigint, bytes, arrays and instants without loss', async () => {
    const [row] = await database.query(
      'SELECT $1::int8 AS big, $2::bytea AS bytes, $3::int8[] AS bigs, $4::timestamptz AS at',
      [2n ** 62n, new Uint8Array([1, 2]), [1n, 2n], timestamp(981_173_106_123_456n)],
    );
    expect(row).toEqual({
      big: 2n ** 62n,
      bytes: Buffer.from([1, 2]),
      bigs: [1n, 2n],
      at: 981_173_106_123_456n,
    });
  });

  it.each([
    ['text', 'SELECT $1::text AS value', 'a\0b'],
    ['JSON', 'SELECT ($1::jsonb)->>0 AS value', '["a\\u0000b"]'],
  ])('refuses U+0000 in %s as the caller’s mistake', async (_kind, statement, value) => {
    await expect(database.query(statement, [value])).rejects.toMatchObject({
      codeName: 'INVALID_ARGUMENT',
      reason: 'TEXT_NOT_STORABLE',
    });
  });

  it('sees its own schema only', async () => {
    const [row] = await database.query<{ path: string }>(`SELECT current_setting('search_path') AS path`);
    expect(row?.path).toBe('"sql"');
    await expect(database.query('CREATE TABLE public.intruder (id int)')).rejects.toMatchObject({
      code: '42501',
    });
  });
});

describe('transactions', () => {
  it('commits on return and rolls back on a throw', async () => {
    await database.transaction((tx) => tx.query('INSERT INTO account VALUES (1, 10)'));
    const failing = database.transaction(async (tx) => {
      await tx.query('INSERT INTO account VALUES (2, 20)');
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await database.query('SELECT * FROM account')).toEqual([{ id: 1n, balance: 10n }]);
  });

  it('refuses to commit when the failure of a statement was ignored', async () => {
    const careless = database.transaction(async (tx) => {
      await tx.query('INSERT INTO account VALUES (1, 10)');
      await tx.query('SELECT 1 / 0').catch(() => undefined);
    });
    await expect(careless).rejects.toThrow('was rolled back');
    expect(await database.query('SELECT * FROM account')).toEqual([]);
  });

  it('runs what waits for the commit after it, and not after a rollback', async () => {
    const seen: string[] = [];
    const work = (name: string, fails: boolean) =>
      database.transaction(async (tx) => {
        tx.afterCommit(() => seen.push(name));
        await tx.query(fails ? 'SELECT 1 / 0' : 'SELECT 1');
        expect(seen).not.toContain(name);
      });
    await work('committed', false);
    await expect(work('rolled back', true)).rejects.toThrow('division by zero');
    expect(seen).toEqual(['committed']);
  });

  it('passes constraint violations on with their name', async () => {
    await database.query('INSERT INTO account VALUES (1, 10)');
    const error = await database.query('INSERT INTO account VALUES (1, 11)').catch((cause: unknown) => cause);
    expect(isUniqueViolation(error, 'account_pkey')).toBe(true);
    expect(isUniqueViolation(error, 'other')).toBe(false);
  });

  it('loses no update when serializable transactions conflict', async () => {
    await database.query('INSERT INTO account VALUES (1, 0)');
    const increment = () =>
      database.transaction(
        async (tx) => {
          const [row] = await tx.query<{ balance: bigint }>('SELECT balance FROM account WHERE id = 1');
          await tx.query('UPDATE account SET balance = $1 WHERE id = 1', [(row?.balance ?? 0n) + 1n]);
        },
        { isolation: 'serializable', attempts: 50 },
      );
    await Promise.all(Array.from({ length: 6 }, increment));
    expect(await database.query('SELECT balance FROM account')).toEqual([{ balance: 6n }]);
  });
});

describe('bounds', () => {
  it('gives up after the remaining time and does not lend the stuck connection again', async () => {
    const single = open({ poolSize: 1 });
    const slow = single.query('SELECT pg_sleep(20)', [], { timeoutMs: 50 });
    await expect(slow).rejects.toMatchObject({ reason: 'DATABASE_TIMEOUT' });
    expect(await single.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await single.close();
  });

  it('gives up on behalf of a call in time for the call to say so', async () => {
    const call = { signal: new AbortController().signal, remainingMs: () => 500 };
    await expect(database.query('SELECT pg_sleep(5)', [], within(call))).rejects.toMatchObject({
      codeName: 'DEADLINE_EXCEEDED',
      reason: 'DATABASE_TIMEOUT',
    });
    expect(within(call).timeoutMs).toBe(450);
  });

  it('counts the wait for a connection', async () => {
    const single = open({ poolSize: 1 });
    const holder = single.transaction(() => delay(200));
    await expect(single.query('SELECT 1', [], { timeoutMs: 30 })).rejects.toMatchObject({
      reason: 'DATABASE_TIMEOUT',
    });
    await holder;
    expect(await single.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await single.close();
  });

  it('refuses a call whose time is up', async () => {
    const call = { signal: new AbortController().signal, remainingMs: () => 0 };
    await expect(database.query('SELECT 1', [], within(call))).rejects.toMatchObject({
      reason: 'DATABASE_TIMEOUT',
    });
  });

  it('stops at once when the caller cancels, and the server stops the query too', async () => {
    const controller = new AbortController();
    const marker = `/* cancelled ${process.hrtime.bigint()} */`;
    const slow = database.query(`SELECT pg_sleep(20) ${marker}`, [], { signal: controller.signal });
    const running = () =>
      database.query(`SELECT 1 FROM pg_stat_activity WHERE query LIKE $1 AND pid <> pg_backend_pid()`, [
        `%${marker}%`,
      ]);
    await eventually(async () => (await running()).length === 1);
    controller.abort();
    await expect(slow).rejects.toMatchObject({ reason: 'CALL_CANCELLED' });
    await eventually(async () => (await running()).length === 0);
  });
});

describe('loss of the server', () => {
  it('maps an unreachable server to DATABASE_UNAVAILABLE', async () => {
    const away = openDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', schema: 'sql', log: silentLog });
    await expect(away.ready()).rejects.toMatchObject({
      reason: 'DATABASE_UNAVAILABLE',
      codeName: 'UNAVAILABLE',
    });
    await away.close();
  });

  it('survives the termination of idle and of borrowed connections', async () => {
    const victim = open({ poolSize: 2 });
    const admin = openDatabase({ url: server.adminUrl, schema: 'public', log: silentLog });
    const broken = victim.transaction(async (tx) => {
      const [row] = await tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      await admin.query('SELECT pg_terminate_backend($1, 5000)', [row?.pid]);
      await tx.query('SELECT 1');
    });
    await expect(broken).rejects.toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });
    expect(await victim.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await admin.close();
    await victim.close();
  });

  it('refuses queries once closed', async () => {
    const closed = open();
    await closed.close();
    await expect(closed.query('SELECT 1')).rejects.toMatchObject({ reason: 'DATABASE_UNAVAILABLE' });
  });
});
