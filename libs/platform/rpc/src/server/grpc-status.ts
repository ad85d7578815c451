import type { Metadata, StatusObject } from '@grpc/grpc-js';
import type { ServiceError } from '@plumbline/errors';
import { toGrpcMetadata, type ReadonlyMetadata } from '../context/metadata.ts';
import { encodeStatus, statusMessage } from '../status/encode-status.ts';
import { STATUS_DETAILS } from '../status/status-details.ts';

/** Tells gRPC's own retry policy when to try again: https://github.com/grpc/proposal/blob/master/A6-client-retries.md */
const RETRY_PUSHBACK = 'grpc-retry-pushback-ms';

/** A failure as grpc-js sends it: code, text, and trailers with the details. */
export function failureStatus(error: ServiceError, trailers: ReadonlyMetadata): StatusObject {
  const metadata: Metadata = toGrpcMetadata(trailers);
  metadata.set(STATUS_DETAILS, encodeStatus(error));
  if (error.retryAfterMs !== undefined) metadata.set(RETRY_PUSHBACK, String(Math.ceil(error.retryAfterMs)));
  return { code: error.code, details: statusMessage(error), metadata };
}
