import { defineErrors } from '@plumbline/errors';

/** What the transport itself refuses or loses, on either side of a call. Domain `rpc.plumbline.dev`. */
export const rpcErrors = defineErrors('rpc', {
  MESSAGE_TOO_LARGE: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'A message exceeds the byte limit of its method. Send less per call, or raise limits.maxMessageBytes.',
  },
  TOO_MANY_ELEMENTS: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'A message holds more fields than its method decodes. Send less per call, or raise limits.maxElements.',
  },
  MALFORMED_MESSAGE: {
    code: 'INVALID_ARGUMENT',
    help: 'The bytes are no message of the expected type. Check that client and server share the same proto.',
  },
  WRONG_MESSAGE_COUNT: {
    code: 'INVALID_ARGUMENT',
    help: 'A call of a unary method brings no request or several. Check that client and server share the same proto.',
  },
  UNSUPPORTED_ENCODING: {
    code: 'UNIMPLEMENTED',
    help: 'A message is compressed by a method that the server does not know. It reads identity, gzip and deflate.',
  },
  INVALID_TIMEOUT: {
    code: 'INVALID_ARGUMENT',
    help: 'The grpc-timeout header is not 1 to 8 digits and a unit.',
  },
  DEADLINE_EXPIRED: {
    code: 'DEADLINE_EXCEEDED',
    help: 'The deadline passed before the answer was ready. Whether the call took effect is unknown.',
  },
  CALL_CANCELLED: {
    code: 'CANCELLED',
    help: 'The caller gave up before the answer was ready. Whether the call took effect is unknown.',
  },
  CREDENTIALS_MISSING: {
    code: 'UNAUTHENTICATED',
    help: 'The call carries no authorization metadata.',
  },
  CREDENTIALS_INVALID: {
    code: 'UNAUTHENTICATED',
    help: 'The authorization metadata is not a token of this deployment. Check SERVICE_SECRET on both sides.',
  },
  TENANT_REQUIRED: {
    code: 'INVALID_ARGUMENT',
    help: 'The method works within a tenant and the call names none in plumbline-tenant.',
  },
  METHOD_NOT_FOUND: {
    code: 'UNIMPLEMENTED',
    help: 'The server has no such method, or none of that kind. Check its address and version.',
  },
  HEALTH_SERVICE_UNKNOWN: {
    code: 'NOT_FOUND',
    help: 'A health check names a service that the server does not have.',
  },
  SHUTTING_DOWN: {
    code: 'UNAVAILABLE',
    help: 'The server stops and did not finish the call in time. Retry: another replica, or this one after its restart, answers.',
  },
  TOO_MANY_CALLS: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'Too many calls of this client wait, to be sent or for answers. Slow down and retry after RetryInfo; the server does not keep up.',
  },
  TOO_MANY_OPEN_CALLS: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'The server has as many calls open as it may hold (admission.maxOpenCalls). Retry after RetryInfo; add replicas if it lasts.',
  },
  TOO_MANY_REQUEST_BYTES: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'The server holds as many bytes of requests as it may (admission.maxRequestBytes). Retry after RetryInfo, or send smaller requests.',
  },
  REQUEST_STALLED: {
    code: 'DEADLINE_EXCEEDED',
    help: 'The request was not complete within admission.requestStallMs of the start of its call or, on streams, of the message. It was not acted on.',
  },
  CONNECTION_LOST: {
    code: 'UNAVAILABLE',
    help: 'The connection failed or could not be made. Whether the call took effect is unknown; retry if it is idempotent.',
  },
  INTERNAL: {
    code: 'INTERNAL',
    help: 'A defect or an unforeseen failure. The log line with the same request id has the cause.',
  },
});
