import { defineErrors } from '@plumbline/errors';

/** Everything that the feature store answers when it refuses. */
export const errors = defineErrors('feature-store', {
  REVISION_CONFLICT: {
    code: 'ABORTED',
    help: 'Someone else applied definitions since. Read them again with GetDefinitions, merge and apply anew.',
  },
  DEFINITION_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The definitions contradict themselves or what is in use; every fault is a field violation.',
  },
  BACKFILL_NEEDED: {
    code: 'FAILED_PRECONDITION',
    help: 'The change makes a view version over a source that already has rows. Declare it before the first row.',
  },
  CATALOGUE_STALE: {
    code: 'ABORTED',
    help: 'Definitions changed while rows were being ingested. Nothing was taken; try again.',
  },
  SOURCE_NOT_FOUND: { code: 'NOT_FOUND', help: 'No source of that name is defined in this tenant.' },
  FEATURE_SERVICE_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'No feature service of that name and version is defined in this tenant.',
  },
  FILE_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'The file does not exist below one of the directories that the service may read (DATA_DIRECTORIES).',
  },
  FILE_MALFORMED: {
    code: 'INVALID_ARGUMENT',
    help: 'The file is no readable Parquet, or lacks a column that the source requires.',
  },
  EXPRESSION_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'An expression of the request does not parse or has the wrong type; the message points at the column.',
  },
  ROWS_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The batch itself is malformed: no batch id, an unknown or missing column, rows of uneven length, too many.',
  },
  BATCH_REJECTED: {
    code: 'FAILED_PRECONDITION',
    help: 'More rows failed their checks than the source tolerates, so none was taken. Mend the batch.',
  },
  BATCH_ID_REUSED: {
    code: 'ALREADY_EXISTS',
    help: 'The batch id was used for other rows. Ids must be unique per source; repeat an id only with the same rows.',
  },
  INGEST_OVERLOADED: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'More rows wait for their commit than the tenant, or all tenants together, may have waiting. Nothing was taken; send the batch again after the given time.',
  },
  READS_OVERLOADED: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'More entities wait to be read than the tenant, or all tenants together, may have waiting. Try again after the given time.',
  },
  ENTITIES_INVALID: { code: 'INVALID_ARGUMENT', help: 'No entity or more than 1,000 were asked for.' },
  ENTITY_KEY_MISSING: {
    code: 'INVALID_ARGUMENT',
    help: 'An entity row lacks a join key of the views asked for, or it has the wrong type.',
  },
  REQUEST_VALUE_MISSING: {
    code: 'INVALID_ARGUMENT',
    help: 'An entity row lacks an input of a request view, or it has the wrong type.',
  },
  REQUEST_VALUE_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A request-time feature is not defined for the values sent, e.g. a division by zero.',
  },
  AS_OF_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The instant lies outside the years 1 to 2200.',
  },
  AS_OF_TOO_OLD: {
    code: 'OUT_OF_RANGE',
    help: 'The instant lies before what is kept online. Use a training set or RecomputeFeatures for history.',
  },
  SPINE_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The training set cannot be built like this: an empty time range, a join key that the spine lacks, a watermark that was not reached.',
  },
  VECTORS_INVALID: { code: 'INVALID_ARGUMENT', help: 'No vector or more than 10,000 were sent.' },
  PAGE_TOKEN_INVALID: { code: 'INVALID_ARGUMENT', help: 'The page token is none that this method gave.' },
  JOB_FAILED: {
    code: 'UNAVAILABLE',
    help: 'The process that did the work ended early. What it committed stands; call again and it continues.',
  },
  JOBS_EXHAUSTED: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'As many offline jobs run as are allowed at once (MAX_JOBS). Try again later.',
  },
});
