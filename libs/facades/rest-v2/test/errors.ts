import { defineErrors } from '@plumbline/errors';

/** What the methods behind the façade refuse in tests. */
export const errors = defineErrors('test', {
  MODEL_NOT_FOUND: { code: 'NOT_FOUND', help: 'There is no such model.' },
  QUEUE_FULL: { code: 'UNAVAILABLE', help: 'Try again.' },
  WHO: { code: 'UNAUTHENTICATED', help: 'Say who you are.' },
});
