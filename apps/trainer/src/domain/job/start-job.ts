import { isDeepStrictEqual } from 'node:util';
import { isUuid } from '@plumbline/uuid';
import { errors } from '../errors.ts';
import { checkSpec, specInvalid, violation } from '../training/training-spec.ts';
import type { Job, JobRequest } from './job.ts';
import type { JobStore } from './job-store.ts';

/**
 * Queues a training. The same id with the same specification answers the job that is there, however far it is.
 * Throws SPEC_INVALID, PARAMETERS_INVALID, JOB_SPEC_DIFFERS.
 */
export async function startJob(store: Pick<JobStore, 'add'>, request: JobRequest): Promise<Job> {
  const { jobId } = request;
  if (!isUuid(jobId) || jobId !== jobId.toLowerCase()) {
    throw specInvalid([violation('job_id', 'is not a UUID in lower case')]);
  }
  checkSpec(request.spec);
  const job = await store.add(request);
  if (isDeepStrictEqual(job.spec, request.spec)) return job;
  throw errors.JOB_SPEC_DIFFERS(`job ${request.jobId} trains something else`, {
    metadata: { jobId: request.jobId },
  });
}
