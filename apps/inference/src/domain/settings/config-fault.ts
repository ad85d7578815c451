import type { ServiceError } from '@plumbline/errors';
import { errors } from '../errors.ts';

/** MODEL_CONFIG_INVALID about one field of a configuration; the problem completes the sentence that begins with it. */
export function configFault(field: string, problem: string): ServiceError {
  const description = `${field} ${problem}`;
  return errors.MODEL_CONFIG_INVALID(description, { fieldViolations: [{ field, description }] });
}
