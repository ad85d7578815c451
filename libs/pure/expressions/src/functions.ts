import { EvaluationError, type Value, type ValueType } from './types.ts';

/** One overload: applied to non-null arguments of exactly these types, unless `handlesNull`. */
export interface Overload {
  readonly params: readonly ValueType[];
  readonly result: ValueType;
  readonly apply: (...args: never[]) => Value;
}

const SECOND_US = 1_000_000;
const MINUTE_US = 60 * SECOND_US;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

/** Whole-number result: refused beyond ±(2^53 - 1). */
function whole(value: number): number {
  if (!Number.isSafeInteger(value))
    throw new EvaluationError('INT_OVERFLOW', 'the whole number exceeds 2^53 - 1');
  return value === 0 ? 0 : value;
}

/** DOUBLE result: refused when not finite. */
function finite(value: number): number {
  if (!Number.isFinite(value)) throw new EvaluationError('NOT_FINITE', 'the result is not a finite number');
  return value;
}

/** Product of whole numbers; exact or refused, because a rounded product is never below the limit. */
const multiplyWhole = (a: number, b: number): number => whole(a * b);

function divide(a: number, b: number): number {
  if (b === 0) throw new EvaluationError('DIVISION_BY_ZERO', 'division by zero');
  return finite(a / b);
}

function modulo(a: number, b: number): number {
  if (b === 0) throw new EvaluationError('DIVISION_BY_ZERO', 'remainder of a division by zero');
  return whole(a - Math.floor(a / b) * b);
}

/** Nearest whole number, ties away from zero. */
function round(value: number): number {
  return whole(Math.sign(value) * Math.round(Math.abs(value)));
}

const of = (params: ValueType[], result: ValueType, apply: (...args: never[]) => Value): Overload => ({
  params,
  result,
  apply,
});

const arithmetic = (
  onWhole: (a: number, b: number) => number,
  onReal: (a: number, b: number) => number,
): Overload[] => [of(['INT64', 'INT64'], 'INT64', onWhole), of(['DOUBLE', 'DOUBLE'], 'DOUBLE', onReal)];

const comparison = (holds: (a: Exclude<Value, null>, b: Exclude<Value, null>) => boolean): Overload[] =>
  (['INT64', 'DOUBLE', 'STRING', 'TIMESTAMP', 'BOOL'] as const).map((type) =>
    of([type, type], 'BOOL', holds),
  );

const duration = (unitUs: number): Overload[] => [
  of(['INT64'], 'INT64', (amount: number) => whole(amount * unitUs)),
  of(['DOUBLE'], 'INT64', (amount: number) => round(amount * unitUs)),
];

const least = (a: number, b: number): number => (b < a ? b : a);
const greatest = (a: number, b: number): number => (b > a ? b : a);

/**
 * The functions of the language; operators are functions too. INT64 arguments widen to DOUBLE where no overload takes
 * them as they are. NULL in gives NULL out, except in `and`, `or`, `if`, `coalesce` and `is_null`, which the checker
 * and the compiler know. Instants have no zone: hours and weekdays are read as if UTC.
 */
export const FUNCTIONS: Readonly<Record<string, readonly Overload[]>> = {
  add: [
    ...arithmetic(
      (a, b) => whole(a + b),
      (a, b) => finite(a + b),
    ),
    of(['TIMESTAMP', 'INT64'], 'TIMESTAMP', (a: number, b: number) => whole(a + b)),
    of(['STRING', 'STRING'], 'STRING', (a: string, b: string) => a + b),
  ],
  subtract: [
    ...arithmetic(
      (a, b) => whole(a - b),
      (a, b) => finite(a - b),
    ),
    of(['TIMESTAMP', 'TIMESTAMP'], 'INT64', (a: number, b: number) => whole(a - b)),
    of(['TIMESTAMP', 'INT64'], 'TIMESTAMP', (a: number, b: number) => whole(a - b)),
  ],
  multiply: arithmetic(multiplyWhole, (a, b) => finite(a * b)),
  divide: [of(['DOUBLE', 'DOUBLE'], 'DOUBLE', divide)],
  modulo: [of(['INT64', 'INT64'], 'INT64', modulo)],
  negate: [of(['INT64'], 'INT64', (a: number) => whole(-a)), of(['DOUBLE'], 'DOUBLE', (a: number) => -a)],
  abs: [
    of(['INT64'], 'INT64', (a: number) => Math.abs(a)),
    of(['DOUBLE'], 'DOUBLE', (a: number) => Math.abs(a)),
  ],
  least: arithmetic(least, least),
  greatest: arithmetic(greatest, greatest),
  round: [of(['DOUBLE'], 'INT64', round)],
  floor: [of(['DOUBLE'], 'INT64', (a: number) => whole(Math.floor(a)))],
  ceil: [of(['DOUBLE'], 'INT64', (a: number) => whole(Math.ceil(a)))],
  equal: comparison((a, b) => a === b),
  not_equal: comparison((a, b) => a !== b),
  less: comparison((a, b) => a < b),
  less_or_equal: comparison((a, b) => a <= b),
  greater: comparison((a, b) => a > b),
  greater_or_equal: comparison((a, b) => a >= b),
  not: [of(['BOOL'], 'BOOL', (a: boolean) => !a)],
  seconds: duration(SECOND_US),
  minutes: duration(MINUTE_US),
  hours: duration(HOUR_US),
  days: duration(DAY_US),
  hour_of_day: [of(['TIMESTAMP'], 'INT64', (at: number) => Math.floor(modulo(at, DAY_US) / HOUR_US))],
  weekday: [of(['TIMESTAMP'], 'INT64', (at: number) => modulo(Math.floor(at / DAY_US) + 3, 7) + 1)],
  length: [of(['STRING'], 'INT64', (text: string) => [...text].length)],
  int64: [
    of(['INT64'], 'INT64', (a: number) => a),
    of(['DOUBLE'], 'INT64', (a: number) => whole(Math.trunc(a))),
    of(['BOOL'], 'INT64', (a: boolean) => (a ? 1 : 0)),
    of(['TIMESTAMP'], 'INT64', (a: number) => a),
    of(['STRING'], 'INT64', (a: string) => parseWhole(a)),
  ],
  double: [
    of(['DOUBLE'], 'DOUBLE', (a: number) => a),
    of(['BOOL'], 'DOUBLE', (a: boolean) => (a ? 1 : 0)),
    of(['STRING'], 'DOUBLE', (a: string) => parseDecimal(a)),
  ],
  string: [
    of(['STRING'], 'STRING', (a: string) => a),
    of(['INT64'], 'STRING', (a: number) => String(a)),
    of(['BOOL'], 'STRING', (a: boolean) => String(a)),
  ],
  timestamp: [
    of(['TIMESTAMP'], 'TIMESTAMP', (a: number) => a),
    of(['INT64'], 'TIMESTAMP', (a: number) => a),
    of(['STRING'], 'TIMESTAMP', (a: string) => parseInstant(a)),
  ],
};

function parseWhole(text: string): number {
  if (!/^[+-]?\d{1,19}$/.test(text)) throw castFailed(text, 'a whole number');
  return whole(Number(text));
}

function parseDecimal(text: string): number {
  if (!/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw castFailed(text, 'a number');
  return finite(Number(text));
}

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(Z|[+-]\d\d:\d\d)?$/;

/** ISO 8601 date or date and time, to the microsecond; without a zone it is read as UTC. */
function parseInstant(text: string): number {
  const match = INSTANT.exec(text);
  if (match === null) throw castFailed(text, 'an ISO 8601 instant');
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const milliseconds = Date.parse(`${local}${zone}`);
  const roundTrip = Number.isNaN(milliseconds)
    ? ''
    : new Date(Date.parse(`${local}Z`)).toISOString().slice(0, 19);
  if (roundTrip !== local) throw castFailed(text, 'an ISO 8601 instant');
  return milliseconds * 1000 + Number(fraction.padEnd(6, '0'));
}

function castFailed(text: string, wanted: string): EvaluationError {
  return new EvaluationError('CAST_FAILED', `'${text.slice(0, 40)}' is not ${wanted}`);
}
