import { ServiceError, type CodeName } from '@plumbline/errors';
import type { Settlement } from './job.ts';

/** How often an attempt may end with such a code before the job fails. Codes that are not here fail it at once. */
const ATTEMPTS: Partial<Record<CodeName, number>> = {
  UNAVAILABLE: 10,
  ABORTED: 3,
  RESOURCE_EXHAUSTED: 5,
  DEADLINE_EXCEEDED: 3,
};
const MOST_ATTEMPTS = 10;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;

/** What becomes of a job whose attempt number `attempts` (from 1) failed. Pure. */
export function judgeAttempt(error: unknown, attempts: number): Settlement {
  const limit = error instanceof ServiceError ? (ATTEMPTS[error.codeName] ?? 1) : 1;
  if (attempts >= limit) return { kind: 'failed', failure: failureText(error) };
  return { kind: 'again', delayMs: delayMs(attempts), countsAsAttempt: true };
}

/**
 * What becomes of a job before it is started for the `attempts`th time: one that never came to an end, because the
 * trainer died of it each time, is given up.
 */
export function judgeStart(attempts: number): Settlement | undefined {
  if (attempts <= MOST_ATTEMPTS) return undefined;
  return { kind: 'failed', failure: `JOB_ABANDONED: it was started ${MOST_ATTEMPTS} times and never ended` };
}

function delayMs(attempts: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempts - 1));
}

function failureText(error: unknown): string {
  if (error instanceof ServiceError) return `${error.reason}: ${error.message}`;
  return 'ENGINE_FAILED: the training failed unexpectedly; the log has the cause';
}
