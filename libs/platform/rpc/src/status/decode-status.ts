import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
  StatusSchema,
  type Status,
} from '@plumbline/contract-grpc';
import { Code, ServiceError, codeName, type FieldViolation } from '@plumbline/errors';

/** What arrives at the end of a failed call. */
export interface ReceivedStatus {
  readonly code: number;
  /** `grpc-message`, used when the details carry none. */
  readonly message: string;
  /** `grpc-status-details-bin` */
  readonly details: Uint8Array | undefined;
  readonly cause?: unknown;
}

/**
 * Rebuilds the ServiceError that a peer sent. A peer that sends no ErrorInfo, or none that can be read, yields an error
 * whose reason is the name of its status code. A code outside the canonical set reads as UNKNOWN.
 */
export function decodeStatus({ code, message, details, cause }: ReceivedStatus): ServiceError {
  const status = details === undefined ? undefined : readStatus(details);
  const name = codeName(code);
  const info = status && find(status, ErrorInfoSchema);
  const retryAfterMs = status && retryDelayMs(status);
  return new ServiceError(Code[name], info?.reason || name, status?.message || message, {
    metadata: { ...info?.metadata },
    fieldViolations: status ? violations(status) : [],
    ...(info?.domain ? { domain: info.domain } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Details that cannot be read are treated as absent: the status code still tells what happened. */
function readStatus(details: Uint8Array): Status | undefined {
  try {
    return fromBinary(StatusSchema, details, { readUnknownFields: false });
  } catch {
    return undefined;
  }
}

function find<S extends typeof ErrorInfoSchema | typeof RetryInfoSchema | typeof BadRequestSchema>(
  status: Status,
  schema: S,
): ReturnType<typeof anyUnpack<S>> {
  for (const detail of status.details) {
    try {
      const message = anyUnpack(detail, schema);
      if (message !== undefined) return message;
    } catch {
      continue;
    }
  }
  return undefined;
}

function retryDelayMs(status: Status): number | undefined {
  const delay = find(status, RetryInfoSchema)?.retryDelay;
  return delay === undefined ? undefined : Number(delay.seconds) * 1_000 + delay.nanos / 1e6;
}

function violations(status: Status): FieldViolation[] {
  const found = find(status, BadRequestSchema)?.fieldViolations ?? [];
  return found.map(({ field, description }) => ({ field, description }));
}
