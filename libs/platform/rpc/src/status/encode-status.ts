import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack, type Any } from '@bufbuild/protobuf/wkt';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema, StatusSchema } from '@plumbline/contract-grpc';
import type { ServiceError } from '@plumbline/errors';
import { asBuffer } from '../context/metadata.ts';

/** Peers refuse header blocks above 8 to 16 KiB, and a refused trailer turns any error into INTERNAL. */
const MAX_DETAILS_BYTES = 6_000;
const MAX_MESSAGE_LENGTH = 1_024;

/** The text of `grpc-message`: bounded, and free of lone surrogates, which percent-encoding cannot express. */
export function statusMessage(error: ServiceError): string {
  const { message } = error;
  return (
    message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message
  ).toWellFormed();
}

/**
 * google.rpc.Status for `grpc-status-details-bin`: ErrorInfo always, BadRequest with field violations, RetryInfo with
 * a retry delay. Too large for a trailer, it loses violations first, then the error's metadata; never the reason.
 */
export function encodeStatus(error: ServiceError): Buffer {
  const info = errorInfo(error, error.metadata);
  const attempts: Any[][] = [
    [info, ...retryInfo(error), ...badRequest(error)],
    [info, ...retryInfo(error)],
  ];
  for (const details of attempts) {
    const bytes = status(error, details);
    if (bytes.length <= MAX_DETAILS_BYTES) return bytes;
  }
  return status(error, [errorInfo(error, {}), ...retryInfo(error)]);
}

function status(error: ServiceError, details: Any[]): Buffer {
  const message = create(StatusSchema, { code: error.code, message: statusMessage(error), details });
  return asBuffer(toBinary(StatusSchema, message));
}

function errorInfo({ reason, domain }: ServiceError, metadata: Readonly<Record<string, string>>): Any {
  const wellFormed = Object.entries(metadata).map(([key, value]) => [
    key.toWellFormed(),
    value.toWellFormed(),
  ]);
  return anyPack(
    ErrorInfoSchema,
    create(ErrorInfoSchema, {
      reason,
      domain,
      metadata: Object.fromEntries(wellFormed) as Record<string, string>,
    }),
  );
}

function retryInfo({ retryAfterMs }: ServiceError): Any[] {
  if (retryAfterMs === undefined) return [];
  const seconds = BigInt(Math.floor(retryAfterMs / 1_000));
  const nanos = Math.round((retryAfterMs % 1_000) * 1e6);
  return [anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: { seconds, nanos } }))];
}

function badRequest({ fieldViolations }: ServiceError): Any[] {
  if (fieldViolations.length === 0) return [];
  const wellFormed = fieldViolations.map(({ field, description }) => ({
    field: field.toWellFormed(),
    description: description.toWellFormed(),
  }));
  return [anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations: wellFormed }))];
}
