import { randomUUID } from 'node:crypto';
import { migrate, openDatabase, type Database } from '@plumbline/sql';
import { silentLog, testDatabase, type TestDatabase } from '@plumbline/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Job, JobRequest } from '../src/domain/job/job.ts';
import type { Claim, JobStore } from '../src/domain/job/job-store.ts';
import type { Dataset } from '../src/domain/training/dataset.ts';
import { jobTable } from '../src/store/job-table.ts';
import { specOfTest } from './specs.ts';

const LEASE_MS = 60_000;
const NOW_US = 983_404_800_000_000n;
const dataset: Dataset = {
  digest: `sha256:${'a'.repeat(64)}`,
  sizeBytes: 2n ** 60n,
  rows: 10n,
  positives: 3n,
  featureServiceVersion: 2,
  viewVersions: { airport_outcomes: 1 },
  features: ['airport_outcomes:count_24h'],
  featureSources: ['outcomes'],
  watermark: 9_007_199_254_740_993n,
};

let server: TestDatabase;
let database: Database;
let store: JobStore;

beforeAll(async () => {
  server = await testDatabase('trainer');
  database = openDatabase({ url: server.url, schema: server.schema, log: silentLog });
  await migrate(database, new URL('../migrations/', import.meta.url));
  store = jobTable(database);
});

beforeEach(async () => {
  await database.query('DELETE FROM job');
  await database.query('DELETE FROM outbox');
});

afterAll(async () => {
  await database.close();
  await server.close();
});

const requestOf = (changes: Partial<JobRequest> = {}): JobRequest => ({
  tenant: 'acme',
  jobId: randomUUID(),
  spec: specOfTest(),
  requestedBy: 'service:launcher',
  nowUs: NOW_US,
  ...changes,
});

async function claimed(leaseMs = LEASE_MS): Promise<Claim> {
  const claim = await store.claim(leaseMs);
  if (!claim) throw new Error('no job to claim');
  return claim;
}

const current = async ({ tenant, jobId }: Job): Promise<Job> => (await store.get(tenant, jobId))!;

/** Ends a claim's lease as if its worker had been silent for long. */
const expire = ({ job }: Claim) =>
  database.query(`UPDATE job SET lease_until = now() - interval '1 s' WHERE job_id = $1`, [job.jobId]);

describe('jobTable', () => {
  it('keeps a job exactly as it was asked for', async () => {
    const request = requestOf();
    const job = await store.add(request);
    expect(job).toEqual({
      tenant: 'acme',
      jobId: request.jobId,
      state: 'queued',
      phase: '',
      progress: 0,
      spec: request.spec,
      requestedBy: 'service:launcher',
      createdAtUs: NOW_US,
      attempts: 0,
      metrics: [],
      versionDigest: '',
      failure: '',
    });
    expect(await store.get('acme', request.jobId)).toEqual(job);
  });

  it('answers the job that is there when its id is added again', async () => {
    const request = requestOf();
    await store.add(request);
    const again = await store.add({ ...request, requestedBy: 'someone else' });
    expect(again.requestedBy).toBe('service:launcher');
  });

  it('keeps tenants apart', async () => {
    const request = requestOf();
    await store.add(request);
    expect(await store.get('other', request.jobId)).toBeUndefined();
    await store.add({ ...request, tenant: 'other' });
    const [first, second] = [await claimed(), await claimed()];
    expect([first.job.tenant, second.job.tenant].sort()).toEqual(['acme', 'other']);
  });

  it('hands every job to exactly one of many workers, oldest first', async () => {
    for (const at of [3n, 1n, 2n]) await store.add(requestOf({ nowUs: NOW_US + at }));
    const [oldest] = [await claimed()];
    expect(oldest.job.createdAtUs).toBe(NOW_US + 1n);
    const others = await Promise.all([store.claim(LEASE_MS), store.claim(LEASE_MS), store.claim(LEASE_MS)]);
    const taken = others.flatMap((claim) => (claim ? [claim.job.createdAtUs] : []));
    expect(taken.sort()).toEqual([NOW_US + 2n, NOW_US + 3n]);
  });

  it('notes progress and data sets, and keeps the data sets for the next attempt', async () => {
    await store.add(requestOf());
    const claim = await claimed();
    expect(await store.renew(claim, { phase: 'fitting', progress: 0.5, fitDataset: dataset }, LEASE_MS)).toBe(
      true,
    );
    expect(await store.renew(claim, { phase: 'fitting', progress: 0.6 }, LEASE_MS)).toBe(true);
    expect(await current(claim.job)).toMatchObject({ phase: 'fitting', progress: 0.6, fitDataset: dataset });
    await store.settle(claim, { kind: 'again', delayMs: 0, countsAsAttempt: true }, NOW_US);
    expect((await claimed()).job).toMatchObject({ attempts: 2, fitDataset: dataset });
  });

  it('gives a silent worker’s job to the next one, and ignores what the silent one says afterwards', async () => {
    await store.add(requestOf());
    const silent = await claimed();
    await expire(silent);
    const next = await claimed();
    expect(next.job).toMatchObject({ jobId: silent.job.jobId, attempts: 2 });
    expect(await store.renew(silent, { phase: 'fitting', progress: 1 }, LEASE_MS)).toBe(false);
    await store.settle(silent, { kind: 'failed', failure: 'LATE: too late' }, NOW_US);
    expect(await current(next.job)).toMatchObject({ state: 'running', failure: '' });
  });

  it('announces a success in the transaction that ends the job', async () => {
    const metrics = [
      { name: 'roc_auc', value: 0.7, lower: Number.NaN, upper: 0.8, confidence: 0.95 as const, n: 10 },
    ];
    await store.add(requestOf());
    const claim = await claimed();
    await store.settle(
      claim,
      { kind: 'succeeded', candidate: { versionDigest: 'sha256:1', metrics } },
      NOW_US,
    );
    expect(await current(claim.job)).toMatchObject({
      state: 'succeeded',
      versionDigest: 'sha256:1',
      metrics,
    });
    const events = await database.query<{ subject: string; tenant: string }>(
      'SELECT subject, tenant FROM outbox',
    );
    expect(events).toEqual([{ subject: 'plumbline.trainer.candidate-proposed', tenant: 'acme' }]);
    expect(await store.claim(LEASE_MS)).toBeUndefined();
  });

  it('announces nothing when the lease was lost', async () => {
    await store.add(requestOf());
    const silent = await claimed();
    await expire(silent);
    await claimed();
    await store.settle(silent, { kind: 'succeeded', candidate: { versionDigest: 'x', metrics: [] } }, NOW_US);
    expect(await database.query('SELECT 1 FROM outbox')).toEqual([]);
  });

  it('lets a job that is to be tried again rest for its delay', async () => {
    await store.add(requestOf());
    const claim = await claimed();
    await store.settle(claim, { kind: 'again', delayMs: 60_000, countsAsAttempt: true }, NOW_US);
    expect(await store.claim(LEASE_MS)).toBeUndefined();
    expect(await current(claim.job)).toMatchObject({ state: 'queued', attempts: 1 });
  });

  it('does not count an attempt that only the trainer’s stopping ended', async () => {
    await store.add(requestOf());
    await store.settle(await claimed(), { kind: 'again', delayMs: 0, countsAsAttempt: false }, NOW_US);
    expect((await claimed()).job.attempts).toBe(1);
  });
});
