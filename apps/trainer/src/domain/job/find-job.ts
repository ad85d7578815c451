import { errors } from '../errors.ts';
import type { Job } from './job.ts';
import type { JobStore } from './job-store.ts';

export const UUID: RegExp = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws JOB_NOT_FOUND. */
export async function findJob(store: Pick<JobStore, 'get'>, tenant: string, jobId: string): Promise<Job> {
  const job = UUID.test(jobId) ? await store.get(tenant, jobId) : undefined;
  if (job) return job;
  throw errors.JOB_NOT_FOUND(`no training job "${jobId}" in this tenant`, { metadata: { jobId } });
}
