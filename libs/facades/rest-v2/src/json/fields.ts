import type { ParameterValue } from '@plumbline/tensors';
import { restErrors } from '../errors.ts';

/** A JSON object whose fields nobody has looked at. */
export type Fields = Readonly<Record<string, unknown>>;

export type Parameters = ReadonlyMap<string, ParameterValue>;

/**
 * Parameters as the gRPC protocol types them: integers apart from other numbers.
 * @throws ServiceError REQUEST_INVALID for null, lists and objects, and integers beyond 64 bits
 */
export function readParameters(parameters: Fields, field: string): Parameters {
  return new Map(
    Object.entries(parameters).map(([key, value]) => [
      stringAt(key, field),
      parameterAt(value, `${field}.${shorten(key)}`),
    ]),
  );
}

function parameterAt(value: unknown, field: string): ParameterValue {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return stringAt(value, field);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw invalid(field, 'is beyond a double');
    return Number.isSafeInteger(value) ? BigInt(value) : value;
  }
  if (typeof value !== 'bigint') throw invalid(field, 'is neither string, number nor boolean');
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw invalid(field, 'is beyond 64 bits');
  return value;
}

/** @throws ServiceError REQUEST_INVALID */
export function objectAt(value: unknown, field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(field, 'is no object');
  return value as Fields;
}

/** Empty where there is none. @throws ServiceError REQUEST_INVALID */
export function optionalObject(value: unknown, field: string): Fields {
  return value === undefined ? {} : objectAt(value, field);
}

/** @throws ServiceError REQUEST_INVALID */
export function arrayAt(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(field, value === undefined ? 'is missing' : 'is no array');
  return value;
}

/** @throws ServiceError REQUEST_INVALID */
export function optionalArray(value: unknown, field: string): readonly unknown[] {
  return value === undefined ? [] : arrayAt(value, field);
}

/** @throws ServiceError REQUEST_INVALID */
export function stringAt(value: unknown, field: string): string {
  if (typeof value !== 'string') throw invalid(field, value === undefined ? 'is missing' : 'is no string');
  if (!value.isWellFormed()) throw invalid(field, 'has half of a surrogate pair');
  return value;
}

/** @throws ServiceError REQUEST_INVALID */
export function sizeAt(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(field, 'is no size: an integer from 0 to 2^53 − 1');
}

/** @throws ServiceError REQUEST_INVALID */
export function flagAt(value: unknown, field: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(field, 'is neither true nor false');
}

/** REQUEST_INVALID, naming the field. */
export function invalid(field: string, problem: string): Error {
  return restErrors.REQUEST_INVALID(`${field} ${problem}`, {
    fieldViolations: [{ field, description: problem }],
  });
}

/** A caller's own text, as far as a message repeats it. */
export function shorten(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 64)}…`;
}
