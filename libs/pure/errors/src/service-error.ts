import type { Code } from './code.ts';
import { codeName, type CodeName } from './code.ts';

/** One field of a request that was refused; travels as google.rpc.BadRequest. */
export interface FieldViolation {
  /** Path of the field as the caller wrote it, e.g. `views[2].window`. */
  readonly field: string;
  readonly description: string;
}

export interface ServiceErrorOptions {
  /** Machine-readable context, e.g. `{ model: 'flights' }`. Never feature values or secrets: it reaches the caller. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fieldViolations?: readonly FieldViolation[];
  /** When the caller may try again; travels as google.rpc.RetryInfo. */
  readonly retryAfterMs?: number;
  /** What went wrong underneath. Logged once, never sent. */
  readonly cause?: unknown;
}

/**
 * The one error that leaves a Plumbline service. `code` is the canonical status, `reason` the UPPER_SNAKE name
 * from the service's catalogue that programs branch on, `message` a sentence for people. On the wire it becomes
 * google.rpc.Status with ErrorInfo in `grpc-status-details-bin`.
 */
export class ServiceError extends Error {
  readonly code: Code;
  readonly reason: string;
  /** The catalogue's owner, e.g. `registry.plumbline.dev`. */
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly fieldViolations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;

  constructor(
    code: Code,
    reason: string,
    message: string,
    options: ServiceErrorOptions & { readonly domain?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ServiceError';
    this.code = code;
    this.reason = reason;
    this.domain = options.domain ?? 'plumbline.dev';
    this.metadata = options.metadata ?? {};
    this.fieldViolations = options.fieldViolations ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }

  get codeName(): CodeName {
    return codeName(this.code);
  }
}

/** True when `error` is a ServiceError with this reason: the way to branch on a failure. */
export function hasReason(error: unknown, reason: string): error is ServiceError {
  return error instanceof ServiceError && error.reason === reason;
}
