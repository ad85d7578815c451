import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLog, temporaryDirectory, testDatabase, type TestDatabase } from '@plumbline/testing';
import { migrate, openDatabase, type Database } from '../src/index.ts';

let server: TestDatabase;
let database: Database;
let directory: string;

beforeEach(async () => {
  server = await testDatabase('sql');
  database = openDatabase({ url: server.url, schema: server.schema, log: silentLog });
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await database.close();
  await server.close();
});

const write = (file: string, sql: string) => writeFile(join(directory, file), sql);

describe('migrate', () => {
  it('applies each file once, in order, and includes the outbox and inbox tables', async () => {
    await write('0001-base.sql', '-- include: outbox\n-- include: inbox\nCREATE TABLE a (id int);');
    await write('0002-more.sql', 'ALTER TABLE a ADD COLUMN b int; INSERT INTO a VALUES (1, 2);');
    expect(await migrate(database, directory)).toBe(2);
    expect(await migrate(database, directory)).toBe(0);
    expect(await database.query('SELECT * FROM a')).toEqual([{ id: 1, b: 2 }]);
    expect(await database.query('SELECT count(*) FROM outbox, inbox, dead_letter')).toEqual([{ count: 0n }]);
  });

  it('runs once when many processes start together', async () => {
    await write('0001-base.sql', 'CREATE TABLE a (id int); INSERT INTO a VALUES (1);');
    const counts = await Promise.all(Array.from({ length: 5 }, () => migrate(database, directory)));
    expect(counts.sort()).toEqual([0, 0, 0, 0, 1]);
    expect(await database.query('SELECT * FROM a')).toEqual([{ id: 1 }]);
  });

  it('leaves nothing of a failing run', async () => {
    await write('0001-base.sql', 'CREATE TABLE a (id int);');
    await write('0002-broken.sql', 'SELECT nonsense;');
    await expect(migrate(database, directory)).rejects.toThrow('nonsense');
    await write('0002-broken.sql', 'CREATE TABLE b (id int);');
    expect(await migrate(database, directory)).toBe(2);
  });

  it('refuses an applied migration that was changed', async () => {
    await write('0001-base.sql', 'CREATE TABLE a (id int);');
    await migrate(database, directory);
    await write('0001-base.sql', 'CREATE TABLE a (id bigint);');
    await expect(migrate(database, directory)).rejects.toMatchObject({ reason: 'MIGRATION_CHANGED' });
  });
});
