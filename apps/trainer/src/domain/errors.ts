import { defineErrors } from '@plumbline/errors';

/** Everything the trainer refuses or fails with, and why. */
export const errors = defineErrors('trainer', {
  SPEC_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A field of the request is missing or out of bounds; the field violations say which.',
  },
  PARAMETERS_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'parameters_json is not a JSON object of known parameters within their bounds.',
  },
  FEATURE_UNKNOWN: {
    code: 'INVALID_ARGUMENT',
    help: 'A baseline feature is not among the features of the data set.',
  },
  JOB_NOT_FOUND: { code: 'NOT_FOUND', help: 'No such training job in this tenant.' },
  JOB_SPEC_DIFFERS: {
    code: 'ALREADY_EXISTS',
    help: 'The job id is taken by another training. Choose a new id.',
  },
  DATASET_EMPTY: {
    code: 'FAILED_PRECONDITION',
    help: 'A data set has no rows. Check its range, and that its source was ingested.',
  },
  DATASET_ONE_CLASS: {
    code: 'FAILED_PRECONDITION',
    help: 'All labels of a data set are alike, so nothing can be learned or measured from it.',
  },
  DATASETS_DIFFER: {
    code: 'FAILED_PRECONDITION',
    help: 'Two data sets, or a data set and a version, do not have the same features in the same versions.',
  },
  DATASET_TOO_LARGE: {
    code: 'FAILED_PRECONDITION',
    help: "A data set does not fit into the memory of the trainer's process. Take fewer rows or raise ENGINE_MEMORY_MIB.",
  },
  DATASET_UNREADABLE: {
    code: 'DATA_LOSS',
    help: 'The Parquet object of a data set cannot be read, or lacks a column that its description names.',
  },
  VERSION_UNUSABLE: {
    code: 'FAILED_PRECONDITION',
    help: 'A version has no model or no signature that can be scored from features.',
  },
  EXPORT_MISMATCH: {
    code: 'DATA_LOSS',
    help: 'The exported model does not give the scores that were fitted. Nothing was registered; report it.',
  },
  ENGINE_DIED: {
    code: 'ABORTED',
    help: 'The process that fits and scores ended without an answer, e.g. for want of memory. Try again.',
  },
  ENGINE_MEMORY_EXCEEDED: {
    code: 'FAILED_PRECONDITION',
    help: 'Fitting needed more than ENGINE_MEMORY_MIB. Take fewer rows or raise the limit.',
  },
  ENGINE_TIMEOUT: {
    code: 'DEADLINE_EXCEEDED',
    help: 'Fitting or scoring took longer than ENGINE_TIMEOUT_MS or than the caller waits.',
  },
  ENGINE_FAILED: {
    code: 'INTERNAL',
    help: 'Fitting or scoring failed unexpectedly. Nothing was registered.',
  },
});

/** Reasons that the process which fits and scores may fail with by itself. */
export type EngineReason = Extract<
  keyof typeof errors.entries,
  | 'DATASET_EMPTY'
  | 'DATASET_ONE_CLASS'
  | 'DATASETS_DIFFER'
  | 'DATASET_TOO_LARGE'
  | 'DATASET_UNREADABLE'
  | 'FEATURE_UNKNOWN'
  | 'VERSION_UNUSABLE'
  | 'EXPORT_MISMATCH'
  | 'ENGINE_MEMORY_EXCEEDED'
  | 'ENGINE_FAILED'
>;
