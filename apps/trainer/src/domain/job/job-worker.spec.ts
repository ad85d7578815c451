import { Code, ServiceError } from '@plumbline/errors';
import { eventually } from '@plumbline/testing';
import { describe, expect, it } from '@jest/globals';
import { specOfTest } from '../../../test/specs.ts';
import type { Candidate, Job, JobProgress, Settlement } from './job.ts';
import type { Claim } from './job-store.ts';
import type { JobRun } from './run-job.ts';
import { JobWorker } from './job-worker.ts';

const CANDIDATE: Candidate = { versionDigest: 'sha256:1', metrics: [] };

const jobNumbered = (number: number, attempts = 1): Job => ({
  tenant: 'acme',
  jobId: String(number),
  state: 'running',
  phase: '',
  progress: 0,
  spec: specOfTest(),
  requestedBy: 'service:launcher',
  createdAtUs: 0n,
  attempts,
  metrics: [],
  versionDigest: '',
  failure: '',
});

/** A queue in memory; `held` says whether leases can be prolonged. */
function queueOf(...jobs: Job[]) {
  const queue = {
    held: true,
    settled: [] as (readonly [string, Settlement])[],
    progress: [] as JobProgress[],
    claim: async (): Promise<Claim | undefined> => {
      const job = jobs.shift();
      return job && { job, lease: job.jobId };
    },
    renew: async (_claim: Claim, progress: JobProgress): Promise<boolean> => {
      queue.progress.push(progress);
      return queue.held;
    },
    settle: async ({ job }: Claim, settlement: Settlement): Promise<void> => {
      queue.settled.push([job.jobId, settlement]);
    },
    push: (job: Job) => jobs.push(job),
  };
  return queue;
}

function workerOn(
  store: ReturnType<typeof queueOf>,
  attempt: (job: Job, run: JobRun) => Promise<Candidate>,
  { leaseMs = 200, pollMs = 1 } = {},
): JobWorker {
  return new JobWorker({ store, attempt, nowUs: () => 0n, leaseMs, pollMs, onError: () => undefined });
}

const untilAborted = (_job: Job, { signal }: JobRun): Promise<Candidate> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

describe('JobWorker', () => {
  it('works through the queue in order and settles each job once', async () => {
    const queue = queueOf(jobNumbered(1), jobNumbered(2));
    const worker = workerOn(queue, async () => CANDIDATE);
    await eventually(() => queue.settled.length === 2);
    await worker.close();
    expect(queue.settled).toEqual([
      ['1', { kind: 'succeeded', candidate: CANDIDATE }],
      ['2', { kind: 'succeeded', candidate: CANDIDATE }],
    ]);
  });

  it('settles a failure as it is judged', async () => {
    const queue = queueOf(jobNumbered(1));
    const worker = workerOn(queue, async () => {
      throw new ServiceError(Code.UNAVAILABLE, 'AWAY', 'away');
    });
    await eventually(() => queue.settled.length === 1);
    await worker.close();
    expect(queue.settled).toEqual([['1', { kind: 'again', delayMs: 500, countsAsAttempt: true }]]);
  });

  it('gives up a job that no trainer survives, without another attempt', async () => {
    const queue = queueOf(jobNumbered(1, 11));
    const worker = workerOn(queue, () => Promise.reject(new Error('was attempted')));
    await eventually(() => queue.settled.length === 1);
    await worker.close();
    expect(queue.settled).toEqual([
      ['1', { kind: 'failed', failure: expect.stringContaining('JOB_ABANDONED') }],
    ]);
  });

  it('prolongs the lease with the newest progress while it works', async () => {
    const queue = queueOf(jobNumbered(1));
    const worker = workerOn(queue, async (_job, run) => {
      run.report({ phase: 'fitting', progress: 0.25 });
      await eventually(() => queue.progress.length > 1);
      return CANDIDATE;
    });
    await eventually(() => queue.settled.length === 1);
    await worker.close();
    expect(queue.progress[0]).toMatchObject({ phase: 'fitting', progress: 0.25 });
  });

  it('stops working on a job that another trainer has taken', async () => {
    const queue = queueOf(jobNumbered(1));
    queue.held = false;
    const worker = workerOn(queue, untilAborted);
    await eventually(() => queue.settled.length === 1);
    await worker.close();
    expect(queue.settled[0]![1].kind).not.toBe('succeeded');
  });

  it('gives the job in hand back when it is closed', async () => {
    const queue = queueOf(jobNumbered(1));
    let started = false;
    const worker = workerOn(queue, (job, run) => {
      started = true;
      return untilAborted(job, run);
    });
    await eventually(() => started);
    await worker.close();
    expect(queue.settled).toEqual([['1', { kind: 'again', delayMs: 0, countsAsAttempt: false }]]);
  });

  it('looks at the queue at once when it is kicked', async () => {
    const queue = queueOf();
    const worker = workerOn(queue, async () => CANDIDATE, { pollMs: 3_600_000 });
    queue.push(jobNumbered(1));
    await eventually(() => {
      worker.kick();
      return queue.settled.length === 1;
    });
    await worker.close();
    expect(queue.settled).toHaveLength(1);
  });
});
