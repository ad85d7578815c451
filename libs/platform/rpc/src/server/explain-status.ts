import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';
import { encodeStatus, statusMessage } from '../status/encode-status.ts';
import { STATUS_DETAILS } from '../status/status-details.ts';

/**
 * Gives reasons to the refusals that grpc-js sends by itself, before any handler or interceptor of ours: messages over
 * the size limit, compression that cannot be undone. `refused` hears of each. Ends every call that is answered.
 */
export function explainStatuses(stream: ServerHttp2Stream, refused: (error: ServiceError) => void): void {
  const respond = stream.respond.bind(stream);
  const sendTrailers = stream.sendTrailers.bind(stream);
  stream.respond = (headers, options) => {
    respond(explained(headers as OutgoingHttpHeaders | undefined, refused), options);
    if (options?.endStream === true) closeUnread(stream);
  };
  stream.sendTrailers = (trailers) => {
    sendTrailers(explained(trailers, refused) ?? {});
    closeUnread(stream);
  };
}

/** An answered call is over, whether or not its client ever ends the request: half-closed streams would stay for good. */
export function closeUnread(stream: ServerHttp2Stream): void {
  if (stream.readableEnded) return;
  setImmediate(() => {
    stream.close(constants.NGHTTP2_NO_ERROR);
  });
}

function explained(
  headers: OutgoingHttpHeaders | undefined,
  refused: (error: ServiceError) => void,
): OutgoingHttpHeaders | undefined {
  const code = headers?.['grpc-status'];
  if (headers === undefined || code === undefined || code === 0 || STATUS_DETAILS in headers) return headers;
  const error = refusal(Number(code), decodeURI(String(headers['grpc-message'] ?? '')));
  if (error === undefined) return headers;
  refused(error);
  return {
    ...headers,
    'grpc-status': error.code,
    'grpc-message': encodeURI(statusMessage(error)),
    [STATUS_DETAILS]: encodeStatus(error).toString('base64'),
  };
}

const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;

/** grpc-js tells these apart by nothing but their text; the tests hold the texts of the pinned version. */
function refusal(code: number, message: string): ServiceError | undefined {
  if (/larger than/.test(message) && code === RESOURCE_EXHAUSTED) return rpcErrors.MESSAGE_TOO_LARGE(message);
  if (/decompress/.test(message)) return rpcErrors.MALFORMED_MESSAGE('the message cannot be decompressed');
  if (/encoding/.test(message) && code === UNIMPLEMENTED) return rpcErrors.UNSUPPORTED_ENCODING(message);
  return undefined;
}
