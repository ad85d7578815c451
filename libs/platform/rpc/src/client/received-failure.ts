import { status, type Metadata, type StatusObject } from '@grpc/grpc-js';
import { Code, type ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';
import { STATUS_DETAILS } from '../server/grpc-status.ts';
import { decodeStatus } from '../status/decode-status.ts';

/**
 * The ServiceError of a failed call. A failure with details is the server's; one without was made by grpc-js on this
 * side or by a peer that has no catalogue, and gets the reason that fits its code.
 */
export function receivedFailure({
  code,
  details,
  metadata,
}: Pick<StatusObject, 'code' | 'details' | 'metadata'>): ServiceError {
  const bytes = detailsOf(metadata);
  if (bytes !== undefined) return decodeStatus({ code, message: details, details: bytes });
  switch (code) {
    case status.UNAVAILABLE:
      return rpcErrors.CONNECTION_LOST(details);
    case status.DEADLINE_EXCEEDED:
      return rpcErrors.DEADLINE_EXPIRED('the deadline of the call has passed');
    case status.CANCELLED:
      return rpcErrors.CALL_CANCELLED(details);
    case status.RESOURCE_EXHAUSTED:
      if (/larger than/.test(details)) return rpcErrors.MESSAGE_TOO_LARGE(details);
      break;
  }
  return decodeStatus({ code: code as number as Code, message: details, details: undefined });
}

function detailsOf(metadata: Metadata | undefined): Buffer | undefined {
  const value = metadata?.get(STATUS_DETAILS)[0];
  return Buffer.isBuffer(value) ? value : undefined;
}
