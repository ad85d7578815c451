import type { ServiceError } from '@plumbline/errors';
import { TensorError } from '@plumbline/tensors';
import { errors, shorten } from '../errors.ts';

type Refusal =
  | 'MALFORMED_REQUEST'
  | 'INPUT_NAME_INVALID'
  | 'OUTPUT_NAME_INVALID'
  | 'DATATYPE_MISMATCH'
  | 'SHAPE_MISMATCH'
  | 'BYTE_LENGTH_MISMATCH'
  | 'BYTES_INVALID'
  | 'PARAMETER_INVALID'
  | 'SEQUENCES_UNSUPPORTED'
  | 'SHARED_MEMORY_UNSUPPORTED';

/** The refusal of a request for what one of its fields holds; `field` as the caller wrote it, e.g. `inputs[2].shape`. */
export function refuseField(reason: Refusal, field: string, problem: string): ServiceError {
  const description = shorten(problem);
  return errors[reason](description, { fieldViolations: [{ field, description }] });
}

/** What to throw for an error met in reading a message: a TensorError leaves as MALFORMED_REQUEST. */
export function asMalformed(error: unknown): unknown {
  return error instanceof TensorError ? refuseField('MALFORMED_REQUEST', error.field, error.message) : error;
}
