import type { TrainingRequested } from '@plumbline/contract-events';
import type { JobStore } from '../domain/job/job-store.ts';
import { startJob } from '../domain/job/start-job.ts';
import { specOf } from '../messages/job.ts';

export interface RequestedTraining {
  readonly tenant: string;
  readonly occurredAtUs: bigint;
}

/** A retraining rule fired: queues its training. `store` writes in the transaction of the event's inbox row. */
export async function trainingRequested(
  store: Pick<JobStore, 'add'>,
  { jobId, spec, rule }: TrainingRequested,
  { tenant, occurredAtUs }: RequestedTraining,
): Promise<void> {
  await startJob(store, {
    tenant,
    jobId,
    spec: specOf(spec),
    requestedBy: `rule:${rule}`,
    nowUs: occurredAtUs,
  });
}
