import type { MessageInitShape } from '@bufbuild/protobuf';
import type { WatchJobRequest, WatchJobResponseSchema } from '@plumbline/contract-trainer';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import { followJob } from '../domain/job/follow-job.ts';
import type { JobStore } from '../domain/job/job-store.ts';
import { jobMessage } from '../messages/job.ts';

const POLL_MS = 200;

export async function* watchJob(
  store: Pick<JobStore, 'get'>,
  { jobId }: WatchJobRequest,
  context: CallContext,
): AsyncGenerator<MessageInitShape<typeof WatchJobResponseSchema>> {
  const following = { tenant: requireTenant(context), jobId, pollMs: POLL_MS, signal: context.signal };
  for await (const job of followJob(store, following)) yield { job: jobMessage(job) };
}
