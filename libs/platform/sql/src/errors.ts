import { defineErrors } from '@plumbline/errors';

/** What any service may answer because of its database. */
export const errors = defineErrors('sql', {
  DATABASE_UNAVAILABLE: {
    code: 'UNAVAILABLE',
    help: 'The database cannot be reached or is shutting down. Nothing was acknowledged; try again.',
  },
  DATABASE_TIMEOUT: {
    code: 'DEADLINE_EXCEEDED',
    help: 'The call ran out of time in the database. Allow more time or ask for less.',
  },
  DATABASE_CONFLICT: {
    code: 'ABORTED',
    help: 'Concurrent transactions kept conflicting. Try again.',
  },
  TEXT_NOT_STORABLE: {
    code: 'INVALID_ARGUMENT',
    help: 'A text holds the character U+0000, which no database column can hold. Remove it; do not retry.',
  },
  CALL_CANCELLED: {
    code: 'CANCELLED',
    help: 'The caller gave up before the database answered.',
  },
  MIGRATION_CHANGED: {
    code: 'FAILED_PRECONDITION',
    help: 'An applied migration differs from the file of that name. Restore it and add a new one instead.',
  },
  MIGRATION_INVALID: {
    code: 'FAILED_PRECONDITION',
    help: 'The migrations folder breaks its rules: NNNN-name.sql, unique numbers, only known includes.',
  },
});
