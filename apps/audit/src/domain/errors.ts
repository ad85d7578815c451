import { defineErrors } from '@plumbline/errors';

/** Everything that audit refuses or fails with. */
export const errors = defineErrors('audit', {
  INVALID_RECORD: {
    code: 'INVALID_ARGUMENT',
    help: 'The record breaks the contract: a field is missing, of the wrong length, or no protobuf. The violations name each one. Do not retry.',
  },
  RECORD_TOO_LARGE: {
    code: 'INVALID_ARGUMENT',
    help: 'Commitment, payload or facts exceed their size limit. Keep large inputs in the object store and record their digest.',
  },
  TENANT_MISMATCH: {
    code: 'INVALID_ARGUMENT',
    help: 'tenant_sha256 is not that of the tenant that the call acts for. Each record is committed under its own tenant.',
  },
  PAYLOAD_MISMATCH: {
    code: 'INVALID_ARGUMENT',
    help: 'payload_sha256 is not the digest of the payload sent along. The payload was changed on its way, or belongs to another record.',
  },
  EVENT_ID_REUSED: {
    code: 'ALREADY_EXISTS',
    help: 'A record of another request was committed under this id. Use an id once; a retry repeats the same request.',
  },
  AUDIT_UNAVAILABLE: {
    code: 'UNAVAILABLE',
    help: 'The record could not be committed, or it is unknown whether it was. Retry with the same id: it is recorded at most once.',
  },
  AUDIT_OVERLOADED: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'More records wait for a commit than audit holds. Nothing was recorded; retry after the given time.',
  },
  RECORD_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'The tenant has no such record.',
  },
  LEAF_NOT_IN_TREE: {
    code: 'FAILED_PRECONDITION',
    help: 'The record came into the log after the tree it was to be proven in. Ask for a larger tree, or for the newest.',
  },
  TREE_NOT_REACHED: {
    code: 'OUT_OF_RANGE',
    help: 'The log has never been as large as the tree asked for.',
  },
  INVALID_QUERY: {
    code: 'INVALID_ARGUMENT',
    help: 'An id is no UUID, a size, a page size or a page token is out of bounds.',
  },
  LOG_KEY_CHANGED: {
    code: 'FAILED_PRECONDITION',
    help: 'The log was signed under another origin or key than the configured ones. Restore the key file, or begin a new log in a new database.',
  },
  LOG_KEY_UNREADABLE: {
    code: 'FAILED_PRECONDITION',
    help: 'The key file cannot be read, is no signer key, or can be read by others. Restore it with mode 0600.',
  },
  INVALID_DECISION: {
    code: 'INVALID_ARGUMENT',
    help: 'A decision event cannot become a leaf: its id is no UUID. It is kept as a dead letter.',
  },
});
