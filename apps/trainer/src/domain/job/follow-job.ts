import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { findJob } from './find-job.ts';
import { hasEnded, type Job } from './job.ts';
import type { JobStore } from './job-store.ts';

export interface Following {
  readonly tenant: string;
  readonly jobId: string;
  /** Between looks at the job, which any replica may be working on. */
  readonly pollMs: number;
  readonly signal: AbortSignal;
}

/** The job as it stands, then after every change, until it has ended. Throws JOB_NOT_FOUND and the signal's reason. */
export async function* followJob(
  store: Pick<JobStore, 'get'>,
  { tenant, jobId, pollMs, signal }: Following,
): AsyncGenerator<Job> {
  let last: Job | undefined;
  for (;;) {
    const job = await findJob(store, tenant, jobId);
    if (!isDeepStrictEqual(job, last)) yield job;
    if (hasEnded(job)) return;
    last = job;
    await delay(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
