import { defineErrors } from '@plumbline/errors';

/** Everything that the gateway itself refuses or fails with. Errors of the services behind it pass through unchanged. */
export const errors = defineErrors('gateway', {
  API_KEY_INVALID: {
    code: 'UNAUTHENTICATED',
    help: 'The API key is unknown or revoked. Send `authorization: Bearer plk_…` with a current key.',
  },
  SCOPE_MISSING: {
    code: 'PERMISSION_DENIED',
    help: 'The API key lacks the scope that the call needs; the metadata names it. Ask for a key with that scope.',
  },
  ROUTE_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'The tenant has no route of this name. Declare it with RegistryService/PutRoute.',
  },
  NO_VERSION_RELEASED: {
    code: 'FAILED_PRECONDITION',
    help: 'The route has no released version yet. Move its alias to a version that passed its gate.',
  },
  PREDICT_NOT_OFFERED: {
    code: 'FAILED_PRECONDITION',
    help: 'The route declares no feature service, so it takes tensors only. Call ModelInfer instead.',
  },
  PREDICTION_ID_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The prediction id is not a UUID. Send one in its text form, or none.',
  },
  PREDICTION_ID_REUSED: {
    code: 'ALREADY_EXISTS',
    help: 'The prediction id was used for another request. Use a fresh id for each prediction.',
  },
  INSTANT_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The instant is not a whole number of microseconds from the Unix epoch up to the year 2255.',
  },
  FEATURE_MISSING: {
    code: 'FAILED_PRECONDITION',
    help: 'The model needs a feature that the route’s feature service does not give, or gives as NULL where the input has no NaN.',
  },
  REQUEST_MALFORMED: {
    code: 'INVALID_ARGUMENT',
    help: 'The bytes are not a message of the declared type.',
  },
  AUDIT_UNAVAILABLE: {
    code: 'UNAVAILABLE',
    help: 'The record of the prediction could not be committed, and the route demands it. Retry with the same id.',
  },
  SPOOL_FULL: {
    code: 'UNAVAILABLE',
    help: 'The gateway’s record spool is full because audit has been away too long. Retry later with the same id.',
  },
  NOT_READY: {
    code: 'UNAVAILABLE',
    help: 'The gateway has no routes yet: it has never reached the registry. Retry shortly.',
  },
});
