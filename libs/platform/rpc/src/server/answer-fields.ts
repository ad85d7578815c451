import type { ServiceError } from '@plumbline/errors';
import { NO_METADATA, type MetadataMap, type MetadataValue } from '../context/metadata.ts';
import { encodeStatus, statusMessage } from '../status/encode-status.ts';
import { STATUS_DETAILS } from '../status/status-details.ts';

/** Header fields as HTTP/2 takes them, flat: name, value, name, value. */
export type Fields = readonly string[];

/** Tells gRPC's own retry policy when to try again: https://github.com/grpc/proposal/blob/master/A6-client-retries.md */
const RETRY_PUSHBACK = 'grpc-retry-pushback-ms';

const HEADERS: Fields = [':status', '200', 'content-type', 'application/grpc+proto'];
const SUCCESS: Fields = ['grpc-status', '0'];

/** What comes before the responses of a call. */
export function headerFields(metadata: MetadataMap): Fields {
  return withMetadata(HEADERS, metadata);
}

/** What comes after the responses of a call that succeeded. */
export function successFields(metadata: MetadataMap): Fields {
  return withMetadata(SUCCESS, metadata);
}

/** What ends a call that failed: code, text, trailers and details. */
export function failureFields(error: ServiceError, metadata: MetadataMap = NO_METADATA): Fields {
  const fields = [
    'grpc-status',
    String(error.code),
    'grpc-message',
    encodeURI(statusMessage(error)),
    ...withMetadata([], metadata),
    STATUS_DETAILS,
    encodeStatus(error).toString('base64'),
  ];
  if (error.retryAfterMs !== undefined) fields.push(RETRY_PUSHBACK, String(Math.ceil(error.retryAfterMs)));
  return fields;
}

function withMetadata(fields: Fields, metadata: MetadataMap): Fields {
  if (metadata.isEmpty) return fields;
  const joined = [...fields];
  metadata.forEach((name, value) => joined.push(name, asText(value)));
  return joined;
}

const asText = (value: MetadataValue): string =>
  typeof value === 'string' ? value : value.toString('base64');

/** One message as it goes on a stream: not compressed, and so many bytes. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}
