import { hasReason, type ServiceError } from '@plumbline/errors';
import { errors } from '../errors.ts';

/** Where a configuration gives a field, or what is nearest around it: "config.pbtxt:3:5". Undefined where it has no lines. */
export type PlaceOf = (field: string) => string | undefined;

/** MODEL_CONFIG_INVALID about one field of a configuration; the problem completes the sentence that begins with it. */
export function configFault(field: string, problem: string): ServiceError {
  const description = `${field} ${problem}`;
  return errors.MODEL_CONFIG_INVALID(description, { fieldViolations: [{ field, description }] });
}

const ABOUT_FIELDS = ['MODEL_CONFIG_INVALID', 'PROVIDER_UNAVAILABLE'] as const;

/** The same fault with the place of its field before it; any other error as it is. */
export function placed(error: unknown, placeOf: PlaceOf): unknown {
  for (const reason of ABOUT_FIELDS) {
    if (!hasReason(error, reason)) continue;
    const { message, fieldViolations, cause } = error;
    const place = fieldViolations[0] && placeOf(fieldViolations[0].field);
    if (place !== undefined) return errors[reason](`${place}: ${message}`, { fieldViolations, cause });
  }
  return error;
}
