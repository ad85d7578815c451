import type { DescMessage, DescMethod } from '@bufbuild/protobuf';
import type { ServiceError } from '@plumbline/errors';
import { WireError, countElements } from '@plumbline/wire';
import { rpcErrors } from '../errors.ts';

/** Bounds of one method that do not depend on what its messages are. */
export interface CallLimits {
  /** Of each received message, after decompression. */
  readonly maxMessageBytes: number;
  /** Longer deadlines are shortened to this. */
  readonly maxDeadlineMs: number;
  /** For calls that bring none. */
  readonly defaultDeadlineMs: number;
}

/** Bounds of one method. */
export interface MethodLimits extends CallLimits {
  /** Fields at any depth that a decoder would have to make of a message; packed numbers count by sixteens. */
  readonly maxElements: number;
}

export interface LimitOptions extends Partial<MethodLimits> {
  /** Overrides by method path, e.g. `plumbline.features.v1.FeatureService/Ingest`. */
  readonly perMethod?: Readonly<Record<string, Partial<MethodLimits>>>;
}

const MINUTE_MS = 60_000;

const UNARY_DEFAULTS: MethodLimits = {
  maxMessageBytes: 4 * 1024 * 1024,
  maxElements: 131_072,
  maxDeadlineMs: 10 * MINUTE_MS,
  defaultDeadlineMs: 30_000,
};

/** Streams live as long as their client wants them, for a day at most. */
const STREAM_DEFAULTS: MethodLimits = {
  ...UNARY_DEFAULTS,
  maxDeadlineMs: 24 * 60 * MINUTE_MS,
  defaultDeadlineMs: 24 * 60 * MINUTE_MS,
};

/** Server-wide deadline options speak of unary calls; streams take theirs from `perMethod` or the defaults above. */
export function limitsOf(method: DescMethod, path: string, options: LimitOptions): MethodLimits {
  const { perMethod, maxDeadlineMs, defaultDeadlineMs, ...sizes } = options;
  const deadlines = defined({ maxDeadlineMs, defaultDeadlineMs });
  const base =
    method.methodKind === 'unary'
      ? { ...UNARY_DEFAULTS, ...sizes, ...deadlines }
      : { ...STREAM_DEFAULTS, ...sizes };
  const limits = { ...base, ...perMethod?.[path] };
  return { ...limits, defaultDeadlineMs: Math.min(limits.defaultDeadlineMs, limits.maxDeadlineMs) };
}

function defined<T extends object>(values: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: NonNullable<T[K]>;
  };
}

/** Of the time that a client grants, what is left for the answer to travel back in: a twentieth, at most this. */
const LONGEST_RETURN_MS = 50;

/**
 * The time that a call gets, of what its client asks for: undefined for no wish, 0 or less for already expired. It ends
 * a little before the client's patience does, so that the client hears why there is no answer: one that gives up by
 * its own clock knows no reason.
 */
export function clampTimeoutMs(requestedMs: number | undefined, limits: CallLimits): number {
  const grantedMs =
    requestedMs === undefined
      ? limits.defaultDeadlineMs
      : requestedMs - Math.min(LONGEST_RETURN_MS, Math.max(0, requestedMs / 20));
  return Math.min(grantedMs, limits.maxDeadlineMs);
}

/**
 * Refuses a message before it is decoded.
 *
 * @throws ServiceError MESSAGE_TOO_LARGE, TOO_MANY_ELEMENTS, MALFORMED_MESSAGE
 */
export function checkMessage(bytes: Buffer, input: DescMessage | undefined, limits: MethodLimits): void {
  checkSize(bytes, limits);
  if (input !== undefined) checkElements(bytes, input, limits.maxElements);
}

/** @throws ServiceError MESSAGE_TOO_LARGE */
export function checkSize(
  { length }: Buffer,
  { maxMessageBytes }: Pick<CallLimits, 'maxMessageBytes'>,
): void {
  if (length > maxMessageBytes) throw tooLarge(length, maxMessageBytes);
}

/** Refuses a message of `length` bytes, or, of one that is still compressed, at least so many. */
export function tooLarge(length: number, maxMessageBytes: number): ServiceError {
  return rpcErrors.MESSAGE_TOO_LARGE(`the message has ${length} bytes; the method takes ${maxMessageBytes}`, {
    metadata: { sizeBytes: String(length), maxMessageBytes: String(maxMessageBytes) },
  });
}

function checkElements(bytes: Buffer, input: DescMessage, maxElements: number): void {
  try {
    countElements(input, bytes, maxElements);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    if (error.fault !== 'TOO_MANY_ELEMENTS') {
      throw rpcErrors.MALFORMED_MESSAGE(`the bytes are no ${input.typeName}: ${error.message}`, {
        cause: error,
      });
    }
    throw rpcErrors.TOO_MANY_ELEMENTS(`the message has ${error.message}`, {
      metadata: { maxElements: String(maxElements) },
      cause: error,
    });
  }
}
