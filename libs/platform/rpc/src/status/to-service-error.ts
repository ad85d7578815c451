import { ServiceError } from '@plumbline/errors';
import { rpcErrors } from '../errors.ts';

/** A ServiceError as it is; anything else as INTERNAL with a fixed text, the original hidden in `cause`. */
export function toServiceError(error: unknown): ServiceError {
  return error instanceof ServiceError ? error : rpcErrors.INTERNAL('internal error', { cause: error });
}
