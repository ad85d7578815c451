import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrate, openDatabase, type Database } from '@plumbline/sql';
import { silentLog, testDatabase, type TestDatabase } from '@plumbline/testing';
import { readCommitment } from '../src/codec/commitment.ts';
import { appendBatch } from '../src/domain/append-batch.ts';
import { logTables } from '../src/store/log-tables.ts';
import { appendRequest, mintId } from './records.fixture.ts';

const TENANT = 'sized';
const BATCH = 64;
const APART = ['payloads', 'outbox', 'inbox', 'dead_letter', 'schema_migrations'];

let around: TestDatabase;
let database: Database;
let nowUs = BigInt(Date.now()) * 1_000n;

beforeAll(async () => {
  around = await testDatabase('audit');
  database = openDatabase({ url: around.url, schema: 'audit', log: silentLog });
  await migrate(database, new URL('../migrations/', import.meta.url));
});
afterAll(async () => {
  await database?.close();
  await around?.close();
});

/** A batch as a gateway of 6,400 predictions a second fills it: minted over the 10 ms before its commit. */
async function commitBatch(): Promise<void> {
  nowUs += 10_000n;
  const submissions = Array.from({ length: BATCH }, (_, index) => {
    const eventId = mintId(Number(nowUs / 1_000n) - (index % 10));
    const atUs = nowUs - BigInt(index) * 137n;
    const request = randomBytes(16).toString('hex');
    const { commitment, payload } = appendRequest({ tenant: TENANT, eventId, request, commitment: { atUs } });
    return { tenant: TENANT, commitment: readCommitment(commitment), payload };
  });
  const clock = { nowUs: () => nowUs };
  await database.transaction((tx) => appendBatch(logTables(tx), submissions, clock, readCommitment));
}

async function ownBytes(): Promise<number> {
  const [row] = await database.query<{ bytes: string }>(
    `SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class
     WHERE relnamespace = 'audit'::regnamespace AND relkind = 'r' AND relname <> ALL($1)`,
    [APART],
  );
  return Number(row?.bytes);
}

async function commitBatches(count: number): Promise<number> {
  for (let batch = 0; batch < count; batch++) await commitBatch();
  return ownBytes();
}

describe('the log', () => {
  it('takes at most 150 bytes per prediction, indexes included and payloads apart', async () => {
    const before = await commitBatches(20);
    const after = await commitBatches(100);
    expect((after - before) / (100 * BATCH)).toBeLessThanOrEqual(150);
  });
});
