import type { FieldViolation } from '@plumbline/errors';
import { isDigest } from '@plumbline/release';
import { isUuid as isUuidText } from '@plumbline/uuid';
import { errors } from '../domain/errors.ts';

type Violations = FieldViolation[];

/** @throws ServiceError REQUEST_INVALID with all violations */
export function requireValid(...violations: readonly Violations[]): void {
  const all = violations.flat();
  if (all.length === 0) return;
  const message = all.map(({ field, description }) => `${field} ${description}`).join('; ');
  throw errors.REQUEST_INVALID(message, { fieldViolations: all });
}

export function rule(holds: boolean, field: string, description: string): Violations {
  return holds ? [] : [{ field, description }];
}

const NAME = /^[a-z][a-z0-9_]{0,62}$/;
const ALIAS = /^[a-z][a-z0-9_-]{0,62}$/;
const TENANT = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const isName = (field: string, text: string): Violations =>
  rule(NAME.test(text), field, 'is not lower_snake_case of at most 63 characters');

export const isAlias = (field: string, text: string): Violations =>
  rule(ALIAS.test(text), field, 'is not a lower-case name of at most 63 characters');

export const isTenant = (field: string, text: string): Violations =>
  rule(TENANT.test(text), field, 'is not lower-case letters, digits and inner hyphens, at most 63');

export const isUuid = (field: string, text: string): Violations =>
  rule(isUuidText(text), field, 'is not a UUID');

export const areUuids = (field: string, texts: readonly string[]): Violations =>
  texts.length > 100
    ? [{ field, description: 'holds more than 100 ids' }]
    : texts.flatMap((text, index) => isUuid(`${field}[${index}]`, text));

export const isVersionDigest = (field: string, text: string): Violations =>
  rule(isDigest(text), field, 'is not "sha256:" and 64 lower-case hex digits');

export const isText = (field: string, text: string, maxLength = 4096): Violations =>
  rule(text.length <= maxLength, field, `is longer than ${maxLength} characters`);

export const isPresent = (field: string, text: string, maxLength = 4096): Violations =>
  text === '' ? [{ field, description: 'is required' }] : isText(field, text, maxLength);

export const isBetween = (field: string, value: number, min: number, max: number): Violations =>
  rule(value >= min && value <= max, field, `is not between ${min} and ${max}`);

export const isJson = (field: string, text: string): Violations =>
  rule(text === '' || parses(text), field, 'is not JSON');

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
