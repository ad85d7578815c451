import type { Value, ValueType } from '@plumbline/expressions';
import { Fault } from './fault.ts';

/** A column of a source and the checks that its values must pass. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: ValueType;
  readonly required: boolean;
  /** Bounds of a number, both inclusive. */
  readonly min?: number;
  readonly max?: number;
  /** Accepted texts; empty: all. */
  readonly domain: readonly string[];
  /** Regular expression that a text must match as a whole; empty: none. */
  readonly pattern: string;
}

/** ACCEPT or COERCE as the value to keep, QUARANTINE as a fault. */
export type CheckValue = (value: Value) => Value | Fault;

export const MAX_TEXT_BYTES = 65_536;
const MAX_PATTERN_LENGTH = 200;

/**
 * The check of one column for values that arrive as `given`. A value of another type is coerced only where nothing is
 * lost: whole DOUBLEs become INT64, INT64 becomes DOUBLE, INT64 becomes TIMESTAMP.
 */
export function checkOf(column: ColumnSpec, given: ValueType): CheckValue {
  const coerce = coercion(column, given);
  const checks = contentChecks(column);
  const required = new Fault('VALUE_REQUIRED', `column ${column.name} is required`);
  return (value) => {
    if (value === null) return column.required ? required : null;
    const coerced = coerce(value);
    if (coerced instanceof Fault) return coerced;
    for (const check of checks) {
      const fault = check(coerced);
      if (fault !== undefined) return fault;
    }
    return coerced;
  };
}

/** Compiles a pattern, refusing what could take more than linear time: look-around, back-references, nested repeats. */
export function compilePattern(pattern: string): RegExp {
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new RangeError(`a pattern may have ${MAX_PATTERN_LENGTH} characters at most`);
  }
  if (/\(\?[^:]/.test(pattern)) throw new RangeError('look-around and named groups are not supported');
  if (/\\[1-9k]/.test(pattern)) throw new RangeError('back-references are not supported');
  if (/[*+}?][^()]*\)\s*[*+{]/.test(pattern))
    throw new RangeError('a repeat inside a repeated group is not supported');
  return new RegExp(`^(?:${pattern})$`, 'u');
}

type Exact = Exclude<Value, null>;

function coercion(column: ColumnSpec, given: ValueType): (value: Exact) => Exact | Fault {
  const { type, name } = column;
  const wrong = new Fault('WRONG_TYPE', `column ${name} is ${type}, but the value is ${given}`);
  const unsafe = new Fault('VALUE_OUT_OF_RANGE', `column ${name} holds a whole number beyond 2^53 - 1`);
  const infinite = new Fault('VALUE_NOT_FINITE', `column ${name} holds NaN or an infinity`);
  const whole = (value: Exact): Exact | Fault => (Number.isSafeInteger(value) ? value : unsafe);
  if (given === type) {
    if (type === 'INT64' || type === 'TIMESTAMP') return whole;
    return type === 'DOUBLE' ? (value) => (Number.isFinite(value) ? value : infinite) : (value) => value;
  }
  if (given === 'INT64' && (type === 'DOUBLE' || type === 'TIMESTAMP')) return whole;
  if (given === 'DOUBLE' && type === 'INT64') return (value) => (Number.isSafeInteger(value) ? value : wrong);
  return () => wrong;
}

function contentChecks(column: ColumnSpec): ((value: Exact) => Fault | undefined)[] {
  const { name, type, min, max, domain, pattern } = column;
  const checks: ((value: Exact) => Fault | undefined)[] = [];
  if (type === 'STRING') {
    const fault = new Fault('TEXT_TOO_LONG', `column ${name} holds more than ${MAX_TEXT_BYTES} bytes`);
    checks.push((value) => (Buffer.byteLength(value as string) > MAX_TEXT_BYTES ? fault : undefined));
  }
  if (min !== undefined || max !== undefined) {
    const [low, high] = [min ?? -Infinity, max ?? Infinity];
    const fault = new Fault('VALUE_OUT_OF_RANGE', `column ${name} lies outside [${low}, ${high}]`);
    checks.push((value) => ((value as number) < low || (value as number) > high ? fault : undefined));
  }
  if (domain.length > 0) {
    const accepted = new Set<Exact>(domain);
    const fault = new Fault(
      'VALUE_NOT_IN_DOMAIN',
      `column ${name} holds none of its ${accepted.size} accepted values`,
    );
    checks.push((value) => (accepted.has(value) ? undefined : fault));
  }
  if (pattern !== '') {
    const expression = compilePattern(pattern);
    const fault = new Fault('PATTERN_MISMATCH', `column ${name} does not match ${pattern}`);
    checks.push((value) => (expression.test(value as string) ? undefined : fault));
  }
  return checks;
}
