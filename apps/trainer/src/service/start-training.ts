import { randomUUID } from 'node:crypto';
import type { StartTrainingRequest, StartTrainingResponseSchema } from '@plumbline/contract-trainer';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { formatCaller, requireTenant, type CallContext } from '@plumbline/rpc';
import type { JobStore } from '../domain/job/job-store.ts';
import { startJob } from '../domain/job/start-job.ts';
import { jobMessage, specOf } from '../messages/job.ts';

export interface StartTrainingTools {
  readonly store: Pick<JobStore, 'add'>;
  readonly nowUs: () => bigint;
  /** Tells the worker that there is something to do. */
  readonly kick: () => void;
}

export async function startTraining(
  { store, nowUs, kick }: StartTrainingTools,
  request: StartTrainingRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof StartTrainingResponseSchema>> {
  const job = await startJob(store, {
    tenant: requireTenant(context),
    jobId: request.jobId === '' ? randomUUID() : request.jobId,
    spec: specOf(request.spec),
    requestedBy: formatCaller(context.caller),
    nowUs: nowUs(),
  });
  kick();
  return { job: jobMessage(job) };
}
