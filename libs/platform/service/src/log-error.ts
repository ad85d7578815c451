import { types } from 'node:util';
import { ServiceError } from '@plumbline/errors';

/** Codes of failures that are ours; the others are explained by their sentences. */
const DEFECTS: ReadonlySet<string> = new Set(['UNKNOWN', 'INTERNAL', 'DATA_LOSS']);

/** An error as a plain object for one log line: type, code, reason, message, causes, and the stack of what is a defect. */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!types.isNativeError(error)) return { type: typeof error, message: String(error) };
  const { code } = error as { code?: unknown };
  const isService = error instanceof ServiceError;
  return {
    type: error.name,
    ...(isService ? { code: error.codeName, reason: error.reason } : codeOf(code)),
    message: error.message,
    ...(isService && !DEFECTS.has(error.codeName) ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}

function codeOf(code: unknown): { code?: string | number } {
  return typeof code === 'string' || typeof code === 'number' ? { code } : {};
}
