import { defineErrors } from '@plumbline/errors';

/** What the façade itself refuses, before or after the operation behind it. Domain `rest.plumbline.dev`. */
export const restErrors = defineErrors('rest', {
  MALFORMED_JSON: {
    code: 'INVALID_ARGUMENT',
    help: 'The JSON part of the body is no JSON, or is not UTF-8. With binary tensors, Inference-Header-Content-Length says where it ends.',
  },
  REQUEST_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The body is JSON but no request of this route. The message names the field.',
  },
  TENSOR_DATA_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: "An input's data does not fit its datatype or shape. Data is flat, or nested exactly as the shape says; integers are exact.",
  },
  BINARY_DATA_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'Inference-Header-Content-Length or a binary_data_size does not agree with the body.',
  },
  RAW_REQUEST_UNSUPPORTED: {
    code: 'INVALID_ARGUMENT',
    help: 'A body without JSON (Inference-Header-Content-Length: 0) needs a model with one input whose shape the bytes decide. Describe the input in JSON.',
  },
  JSON_TOO_LARGE: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'The JSON part of the body exceeds HTTP_MAX_JSON_BYTES, or has far more values besides data than a request needs. Send tensors as binary data.',
  },
  BODY_TOO_LARGE: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'The body, decompressed, exceeds MAX_MESSAGE_BYTES. Send less per request.',
  },
  ANSWER_TOO_LARGE: {
    code: 'FAILED_PRECONDITION',
    help: 'The outputs take too many bytes as JSON. Ask for them as binary data: binary_data_output, or binary_data of an output.',
  },
  ENCODING_UNSUPPORTED: {
    code: 'INVALID_ARGUMENT',
    help: 'Bodies are taken as they are, gzip or deflate; Content-Encoding names another coding, or several.',
  },
  ENCODING_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'The body cannot be decompressed: it is cut off, or not what Content-Encoding says.',
  },
  HEADER_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A header that the request is read by, or that goes on as metadata, cannot be read. The message names it.',
  },
  OUTPUT_NOT_TEXT: {
    code: 'FAILED_PRECONDITION',
    help: 'A BYTES output holds bytes that are no UTF-8, which JSON cannot express. Ask for it as binary data.',
  },
  SHARED_MEMORY_UNSUPPORTED: {
    code: 'UNIMPLEMENTED',
    help: 'Tensors in shared memory are not offered. Send them as binary data.',
  },
  NOT_OFFERED: {
    code: 'UNIMPLEMENTED',
    help: "The route belongs to an extension of the protocol that is not offered: see the server metadata's extensions.",
  },
  ROUTE_NOT_FOUND: {
    code: 'NOT_FOUND',
    help: 'The protocol has no such route. Names with / must be percent-encoded.',
  },
  METHOD_NOT_ALLOWED: {
    code: 'UNIMPLEMENTED',
    help: 'The route exists with another HTTP method: see the Allow header.',
  },
  ORIGIN_REFUSED: {
    code: 'PERMISSION_DENIED',
    help: 'A web page of another origin sent the request (Origin header). Browsers go through a server of your own.',
  },
  TOO_MANY_BODY_BYTES: {
    code: 'RESOURCE_EXHAUSTED',
    help: 'The server holds as many bytes of bodies as it may. Retry after Retry-After, or send smaller requests.',
  },
  BODY_INCOMPLETE: {
    code: 'CANCELLED',
    help: 'The connection ended, or the time of the call was up, before the body was in. Nothing was run.',
  },
  MALFORMED_HTTP: {
    code: 'INVALID_ARGUMENT',
    help: 'The bytes are no HTTP/1.1 request, its headers are too large, or it did not come in time.',
  },
});
