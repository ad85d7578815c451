import type { Candidate, Job, JobProgress, Settlement } from './job.ts';
import type { Claim, JobStore } from './job-store.ts';
import { judgeAttempt, judgeStart } from './judge-attempt.ts';
import type { JobRun } from './run-job.ts';

export interface WorkerOptions {
  readonly store: Pick<JobStore, 'claim' | 'renew' | 'settle'>;
  /** One attempt at a job. */
  readonly attempt: (job: Job, run: JobRun) => Promise<Candidate>;
  readonly nowUs: () => bigint;
  /** A worker that is silent for so long has lost its job to the next one. */
  readonly leaseMs: number;
  /** How often the queue is looked at without a kick. */
  readonly pollMs: number;
  /** `job` is absent where the queue itself could not be reached. */
  readonly onError: (error: unknown, job: Job | undefined) => void;
}

/** Works through the queue, one job at a time, until closed. Any number of replicas may share a queue. */
export class JobWorker {
  readonly #options: WorkerOptions;
  readonly #closing = new AbortController();
  readonly #working: Promise<void>;
  #wake: () => void = () => undefined;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#working = this.#work();
  }

  /** Looks at the queue now. */
  kick(): void {
    this.#wake();
  }

  /** Stops the job in hand, gives it back to the queue, and ends. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const worked = await this.#workOnce().catch((error: unknown) => {
        this.#options.onError(error, undefined);
        return false;
      });
      if (!worked) await this.#rest();
    }
  }

  async #workOnce(): Promise<boolean> {
    const { store, leaseMs, nowUs } = this.#options;
    const claim = await store.claim(leaseMs);
    if (!claim) return false;
    const settlement = judgeStart(claim.job.attempts) ?? (await this.#attempt(claim));
    await store.settle(claim, settlement, nowUs());
    return true;
  }

  async #attempt(claim: Claim): Promise<Settlement> {
    const lease = new Lease(claim, this.#options);
    const signal = AbortSignal.any([this.#closing.signal, lease.lost]);
    try {
      const candidate = await this.#options.attempt(claim.job, { signal, report: lease.report });
      return { kind: 'succeeded', candidate };
    } catch (error) {
      if (this.#closing.signal.aborted) return { kind: 'again', delayMs: 0, countsAsAttempt: false };
      this.#options.onError(error, claim.job);
      return judgeAttempt(error, claim.job.attempts);
    } finally {
      await lease.end();
    }
  }

  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.pollMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#closing.signal.aborted) this.#wake();
    });
  }
}

/** Prolongs a claim while its job is worked on, carrying the newest progress along. */
class Lease {
  readonly #claim: Claim;
  readonly #options: WorkerOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #lost = new AbortController();
  #progress: JobProgress = { phase: 'building data set', progress: 0 };
  #changed = false;
  #renewing: Promise<void> = Promise.resolve();
  #renewedAtMs = performance.now();

  constructor(claim: Claim, options: WorkerOptions) {
    this.#claim = claim;
    this.#options = options;
    this.#timer = setInterval(() => this.#renewIfDue(), Math.min(250, options.leaseMs / 4));
  }

  /** Aborted when another worker may have taken the job. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  readonly report = (progress: JobProgress): void => {
    this.#progress = { ...this.#progress, ...progress };
    this.#changed = true;
  };

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#renewing;
    if (this.#changed && !this.lost.aborted) await this.#renew();
  }

  #renewIfDue(): void {
    const silentMs = performance.now() - this.#renewedAtMs;
    if (silentMs > this.#options.leaseMs) this.#lost.abort();
    if (!this.#changed && silentMs < this.#options.leaseMs / 3) return;
    this.#renewing = this.#renewing.then(() => this.#renew());
  }

  async #renew(): Promise<void> {
    this.#changed = false;
    try {
      const held = await this.#options.store.renew(this.#claim, this.#progress, this.#options.leaseMs);
      if (held) this.#renewedAtMs = performance.now();
      else this.#lost.abort();
    } catch (error) {
      this.#options.onError(error, this.#claim.job);
    }
  }
}
