import type { Job, JobProgress, JobRequest, Settlement } from './job.ts';

/** The exclusive right to work on a job, until it expires or is settled. */
export interface Claim {
  readonly job: Job;
  /** Whose right it is: a UUID per claim. */
  readonly lease: string;
}

export interface JobStore {
  /** Queues a job, or answers the one that has the id. */
  add(request: JobRequest): Promise<Job>;
  get(tenant: string, jobId: string): Promise<Job | undefined>;
  /** Takes the oldest job that is queued and due, or whose worker's lease has expired; of any tenant. */
  claim(leaseMs: number): Promise<Claim | undefined>;
  /** Notes progress and prolongs the lease. False when it was lost: stop working. */
  renew(claim: Claim, progress: JobProgress, leaseMs: number): Promise<boolean>;
  /**
   * Ends the claim; a success is announced as plumbline.trainer.candidate-proposed in the same transaction. Without
   * effect when the lease was lost.
   */
  settle(claim: Claim, settlement: Settlement, nowUs: bigint): Promise<void>;
}
