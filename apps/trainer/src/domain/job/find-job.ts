import { isUuid } from '@plumbline/uuid';
import { errors } from '../errors.ts';
import type { Job } from './job.ts';
import type { JobStore } from './job-store.ts';

/** Throws JOB_NOT_FOUND. */
export async function findJob(store: Pick<JobStore, 'get'>, tenant: string, jobId: string): Promise<Job> {
  const job = isUuid(jobId) ? await store.get(tenant, jobId) : undefined;
  if (job) return job;
  throw errors.JOB_NOT_FOUND(`no training job "${jobId}" in this tenant`, { metadata: { jobId } });
}
