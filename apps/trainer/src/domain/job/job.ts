import type { Metric } from '../evaluation/measure.ts';
import type { Dataset } from '../training/dataset.ts';
import type { TrainingSpec } from '../training/training-spec.ts';

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed';

/** What a job does now; empty before it starts. */
export type JobPhase = '' | 'building data set' | 'fitting' | 'evaluating' | 'registering';

/** A training job of one tenant. */
export interface Job {
  readonly tenant: string;
  /** A UUID. */
  readonly jobId: string;
  readonly state: JobState;
  readonly phase: JobPhase;
  /** Share of the phase done, in [0, 1]. */
  readonly progress: number;
  readonly spec: TrainingSpec;
  /** Who asked for it: a caller, or the retraining rule that fired. */
  readonly requestedBy: string;
  readonly createdAtUs: bigint;
  /** Times it was started. */
  readonly attempts: number;
  readonly fitDataset?: Dataset;
  readonly gateDataset?: Dataset;
  /** On the gate rows. */
  readonly metrics: readonly Metric[];
  /** Empty unless succeeded. */
  readonly versionDigest: string;
  /** "REASON: sentence" when failed. */
  readonly failure: string;
}

export interface JobRequest {
  readonly tenant: string;
  readonly jobId: string;
  readonly spec: TrainingSpec;
  readonly requestedBy: string;
  readonly nowUs: bigint;
}

/** What a training came to. */
export interface Candidate {
  readonly versionDigest: string;
  readonly metrics: readonly Metric[];
}

export interface JobProgress {
  readonly phase: JobPhase;
  readonly progress: number;
  readonly fitDataset?: Dataset;
  readonly gateDataset?: Dataset;
}

/** How an attempt ended. */
export type Settlement =
  | { readonly kind: 'succeeded'; readonly candidate: Candidate }
  | { readonly kind: 'failed'; readonly failure: string }
  /** Queued again: `countsAsAttempt` unless the trainer merely stopped. */
  | { readonly kind: 'again'; readonly delayMs: number; readonly countsAsAttempt: boolean };

export function hasEnded({ state }: Job): boolean {
  return state === 'succeeded' || state === 'failed';
}
