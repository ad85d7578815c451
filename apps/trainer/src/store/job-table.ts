import { randomUUID } from 'node:crypto';
import { CandidateProposedSchema } from '@plumbline/contract-events';
import { enqueue, eventOf } from '@plumbline/events';
import { timestamp, type Database, type Queryable } from '@plumbline/sql';
import type { Job, JobRequest, Settlement } from '../domain/job/job.ts';
import type { Claim, JobStore } from '../domain/job/job-store.ts';
import { fromExactJson, toExactJson } from './exact-json.ts';

interface JobRow {
  readonly tenant: string;
  readonly job_id: string;
  readonly state: Job['state'];
  readonly phase: Job['phase'];
  readonly progress: number;
  readonly spec: unknown;
  readonly requested_by: string;
  readonly created_at: bigint;
  readonly attempts: number;
  readonly fit_dataset: unknown;
  readonly gate_dataset: unknown;
  readonly metrics: unknown;
  readonly version_digest: string;
  readonly failure: string;
}

/** Queues a job in the transaction that `tx` runs, or answers the one that has the id. */
export async function addJob(tx: Queryable, request: JobRequest): Promise<Job> {
  const { tenant, jobId, spec, requestedBy, nowUs } = request;
  await tx.query(
    `INSERT INTO job (tenant, job_id, model, spec, requested_by, created_at)
     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
    [tenant, jobId, spec.model, toExactJson(spec), requestedBy, timestamp(nowUs)],
  );
  const job = await readJob(tx, tenant, jobId);
  if (!job) throw new Error(`job ${jobId} is gone although jobs are never deleted`);
  return job;
}

async function readJob(tx: Queryable, tenant: string, jobId: string): Promise<Job | undefined> {
  const [row] = await tx.query<JobRow>('SELECT * FROM job WHERE tenant = $1 AND job_id = $2', [
    tenant,
    jobId,
  ]);
  return row && jobOf(row);
}

/** The jobs of all tenants. */
export function jobTable(database: Database): JobStore {
  return {
    add: (request) => addJob(database, request),
    get: (tenant, jobId) => readJob(database, tenant, jobId),

    async claim(leaseMs) {
      const lease = randomUUID();
      const [row] = await database.query<JobRow>(
        `UPDATE job SET state = 'running', attempts = attempts + 1, lease = $1,
           lease_until = clock_timestamp() + $2 * interval '1 millisecond'
         WHERE (tenant, job_id) = (
           SELECT tenant, job_id FROM job
           WHERE (state = 'queued' AND due_at <= clock_timestamp())
              OR (state = 'running' AND lease_until < clock_timestamp())
           ORDER BY created_at, job_id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING *`,
        [lease, leaseMs],
      );
      return row && { job: jobOf(row), lease };
    },

    async renew({ job, lease }, { phase, progress, fitDataset, gateDataset }, leaseMs) {
      const held = await database.query(
        `UPDATE job SET phase = $4, progress = $5, fit_dataset = coalesce($6, fit_dataset),
           gate_dataset = coalesce($7, gate_dataset),
           lease_until = clock_timestamp() + $8 * interval '1 millisecond'
         WHERE tenant = $1 AND job_id = $2 AND lease = $3 AND state = 'running' RETURNING job_id`,
        [
          job.tenant,
          job.jobId,
          lease,
          phase,
          progress,
          fitDataset ? toExactJson(fitDataset) : null,
          gateDataset ? toExactJson(gateDataset) : null,
          leaseMs,
        ],
      );
      return held.length > 0;
    },

    settle: (claim, settlement, nowUs) =>
      database.transaction(async (tx) => {
        const ended = await settle(tx, claim, settlement, nowUs);
        if (ended && settlement.kind === 'succeeded') {
          await announce(tx, claim.job, settlement.candidate.versionDigest, nowUs);
        }
      }),
  };
}

/** False when the lease was lost. */
async function settle(
  tx: Queryable,
  { job, lease }: Claim,
  settlement: Settlement,
  nowUs: bigint,
): Promise<boolean> {
  const assignments = assignmentsOf(settlement, nowUs);
  const columns = Object.keys(assignments).map((column, index) => `${column} = $${index + 4}`);
  const rows = await tx.query(
    `UPDATE job SET ${columns.join(', ')}, lease = NULL, lease_until = NULL
     WHERE tenant = $1 AND job_id = $2 AND lease = $3 AND state = 'running' RETURNING job_id`,
    [job.tenant, job.jobId, lease, ...Object.values(assignments)],
  );
  if (rows.length === 0 || settlement.kind !== 'again') return rows.length > 0;
  await tx.query(
    `UPDATE job SET due_at = clock_timestamp() + $3 * interval '1 millisecond', attempts = attempts - $4
     WHERE tenant = $1 AND job_id = $2`,
    [job.tenant, job.jobId, settlement.delayMs, settlement.countsAsAttempt ? 0 : 1],
  );
  return true;
}

function assignmentsOf(settlement: Settlement, nowUs: bigint): Readonly<Record<string, unknown>> {
  switch (settlement.kind) {
    case 'again':
      return { state: 'queued', progress: 0 };
    case 'failed':
      return { state: 'failed', failure: settlement.failure, ended_at: timestamp(nowUs) };
    case 'succeeded':
      return {
        state: 'succeeded',
        progress: 1,
        version_digest: settlement.candidate.versionDigest,
        metrics: toExactJson(settlement.candidate.metrics),
        ended_at: timestamp(nowUs),
      };
  }
}

async function announce(tx: Queryable, job: Job, versionDigest: string, nowUs: bigint): Promise<void> {
  const message = { jobId: job.jobId, model: job.spec.model, versionDigest };
  const subject = 'plumbline.trainer.candidate-proposed';
  await enqueue(tx, [eventOf(CandidateProposedSchema, message, { subject, tenant: job.tenant, nowUs })]);
}

/** The JSON columns hold what this file wrote. */
function jobOf(row: JobRow): Job {
  const fitDataset = fromExactJson(row.fit_dataset) as Job['fitDataset'] | null;
  const gateDataset = fromExactJson(row.gate_dataset) as Job['gateDataset'] | null;
  return {
    tenant: row.tenant,
    jobId: row.job_id,
    state: row.state,
    phase: row.phase,
    progress: row.progress,
    spec: fromExactJson(row.spec) as Job['spec'],
    requestedBy: row.requested_by,
    createdAtUs: row.created_at,
    attempts: row.attempts,
    ...(fitDataset ? { fitDataset } : {}),
    ...(gateDataset ? { gateDataset } : {}),
    metrics: fromExactJson(row.metrics) as Job['metrics'],
    versionDigest: row.version_digest,
    failure: row.failure,
  };
}
