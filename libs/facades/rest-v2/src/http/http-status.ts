import type { CodeName, ServiceError } from '@plumbline/errors';

/** Canonical status → HTTP status; 499 is what proxies log for a client that went away. */
const BY_CODE: Readonly<Record<CodeName, number>> = {
  OK: 200,
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

/** Where HTTP says it more exactly than the code. */
const BY_REASON: Readonly<Record<string, number>> = {
  JSON_TOO_LARGE: 413,
  BODY_TOO_LARGE: 413,
  MESSAGE_TOO_LARGE: 413,
  ENCODING_UNSUPPORTED: 415,
  METHOD_NOT_ALLOWED: 405,
};

/** The HTTP status that a failure leaves with. */
export function httpStatus({ codeName, reason }: ServiceError): number {
  return BY_REASON[reason] ?? BY_CODE[codeName];
}
