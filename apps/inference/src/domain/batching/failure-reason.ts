import { ServiceError } from '@plumbline/errors';
import type { FailureReason } from './statistics.ts';

const REASONS: Readonly<Record<string, FailureReason>> = {
  QUEUE_FULL: 'REJECTED',
  QUEUE_TIMEOUT: 'REJECTED',
  DEADLINE_UNREACHABLE: 'REJECTED',
  DEADLINE_EXPIRED: 'REJECTED',
  VERSION_CLOSED: 'REJECTED',
  REQUEST_CANCELLED: 'CANCELED',
  RUNNER_LOST: 'BACKEND',
  REQUEST_CRASHED_RUNNER: 'BACKEND',
  INFERENCE_FAILED: 'BACKEND',
  INFERENCE_TIMEOUT: 'BACKEND',
  OUTPUT_ROWS_MISMATCH: 'BACKEND',
  BATCH_TOO_LARGE: 'BACKEND',
};

/** What a failure counts as: refused before it ran, cancelled, failed in the engine, anything else. */
export function failureReason(error: unknown): FailureReason {
  return (error instanceof ServiceError ? REASONS[error.reason] : undefined) ?? 'OTHER';
}
