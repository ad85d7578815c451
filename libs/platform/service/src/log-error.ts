import { types } from 'node:util';
import { ServiceError } from '@plumbline/errors';

/** An error as a plain object for one log line: its type, code, reason, message, stack and causes. */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!types.isNativeError(error)) return { type: typeof error, message: String(error) };
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    ...(error instanceof ServiceError ? { code: error.codeName, reason: error.reason } : codeOf(code)),
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

function codeOf(code: unknown): { code?: string | number } {
  return typeof code === 'string' || typeof code === 'number' ? { code } : {};
}
