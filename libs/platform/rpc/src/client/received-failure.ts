import type { Metadata, StatusObject } from '@grpc/grpc-js';
import { Code, type ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';
import { STATUS_DETAILS } from '../status/status-details.ts';
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
  const known = WITHOUT_DETAILS[code];
  if (known !== undefined) return known(details);
  if (/larger than/.test(details)) return rpcErrors.MESSAGE_TOO_LARGE(details);
  return decodeStatus({ code, message: details, details: undefined });
}

const WITHOUT_DETAILS: Readonly<Record<number, (details: string) => ServiceError>> = {
  // Addresses and system errors are for the log of whoever called; the error itself may travel on to a stranger.
  [Code.UNAVAILABLE]: (details) =>
    rpcErrors.CONNECTION_LOST('the connection failed or could not be made', { cause: new Error(details) }),
  [Code.DEADLINE_EXCEEDED]: () => rpcErrors.DEADLINE_EXPIRED('the deadline of the call has passed'),
  [Code.CANCELLED]: (details) => rpcErrors.CALL_CANCELLED(details),
};

function detailsOf(metadata: Metadata | undefined): Buffer | undefined {
  const value = metadata?.get(STATUS_DETAILS)[0];
  return Buffer.isBuffer(value) ? value : undefined;
}
