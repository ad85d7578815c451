import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GetJobRequest, GetJobResponseSchema } from '@plumbline/contract-trainer';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { JobStore } from '../domain/job/job-store.ts';
import { findJob } from '../domain/job/find-job.ts';
import { jobMessage } from '../messages/job.ts';

export async function getJob(
  store: Pick<JobStore, 'get'>,
  { jobId }: GetJobRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof GetJobResponseSchema>> {
  return { job: jobMessage(await findJob(store, requireTenant(context), jobId)) };
}
