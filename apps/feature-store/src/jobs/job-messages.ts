import type { FieldViolation } from '@plumbline/errors';
import type { FileLoad, LoadProgress } from '../domain/ingest-file.ts';
import type { FeatureVector } from '../domain/online-features.ts';
import type { ServedVector } from '../domain/recompute.ts';
import type { TrainingSetProgress, TrainingSetRequest } from '../domain/training-set.ts';

/** What a job process needs to do its work. */
export interface JobSettings {
  readonly databaseUrl: string;
  readonly objectsDir: string;
  readonly dataDirectories: readonly string[];
  readonly duckMemoryMb: number;
  readonly filterCacheMib: number;
  readonly threads: number;
}

/** Offline work by kind: what is asked, what is reported on the way, last report included. */
export interface JobKinds {
  readonly 'ingest-file': {
    readonly request: { readonly source: string; readonly load: FileLoad };
    readonly report: LoadProgress;
  };
  readonly 'training-set': { readonly request: TrainingSetRequest; readonly report: TrainingSetProgress };
  readonly recompute: {
    readonly request: {
      readonly tenant: string;
      readonly featureService: string;
      readonly featureServiceVersion: number;
      readonly vectors: readonly ServedVector[];
    };
    readonly report: { readonly features: readonly string[]; readonly vectors: readonly FeatureVector[] };
  };
}

export type JobKind = keyof JobKinds;
export type JobRequest<K extends JobKind> = JobKinds[K]['request'];
export type JobReport<K extends JobKind> = JobKinds[K]['report'];

export type ToJob = {
  readonly [K in JobKind]: {
    readonly kind: K;
    readonly settings: JobSettings;
    readonly request: JobRequest<K>;
  };
}[JobKind];

/** A ServiceError on its way between processes. */
export interface Failure {
  readonly code: number;
  readonly reason: string;
  readonly domain: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
}

export type FromJob =
  | { readonly kind: 'report'; readonly report: JobReport<JobKind> }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'broken'; readonly stack: string };
