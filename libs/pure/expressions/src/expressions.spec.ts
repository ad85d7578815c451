import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  compileExpression,
  EvaluationError,
  ExpressionError,
  expressionHash,
  fieldsOf,
  parseExpression,
  parseTyped,
  type Value,
  type ValueType,
} from './index.ts';

const COLUMNS = new Map<string, ValueType>([
  ['date', 'TIMESTAMP'],
  ['delay', 'INT64'],
  ['distance', 'INT64'],
  ['origin', 'STRING'],
  ['ratio', 'DOUBLE'],
  ['flag', 'BOOL'],
]);
const NAMES = [...COLUMNS.keys()];

function evaluate(text: string, row: Readonly<Record<string, Value>> = {}): Value {
  const run = compileExpression(parseExpression(text, COLUMNS), (name) => NAMES.indexOf(name));
  return run(NAMES.map((name) => row[name] ?? null));
}

function faultOf(text: string): ExpressionError {
  try {
    parseExpression(text, COLUMNS);
  } catch (error) {
    if (error instanceof ExpressionError) return error;
    throw error;
  }
  throw new Error(`"${text}" is accepted`);
}

const instant = (text: string): number => Date.parse(text) * 1000;

describe('expressions', () => {
  it.each<[string, Record<string, Value>, Value]>([
    ['delay > 15', { delay: 16 }, true],
    ['delay > 15', { delay: null }, null],
    ['1 + 2 * 3', {}, 7],
    ['(1 + 2) * 3', {}, 9],
    ['7 - 2 - 1', {}, 4],
    ['1 / 4', {}, 0.25],
    ['-7 % 3', {}, 2],
    ['round(2.5)', {}, 3],
    ['round(-2.5)', {}, -3],
    ['not flag or delay == 3', { flag: true, delay: 3 }, true],
    ['flag and delay > 0', { flag: null, delay: 0 }, false],
    ['flag and delay > 0', { flag: null, delay: 1 }, null],
    ['flag or delay > 0', { flag: null, delay: 1 }, true],
    ['if(flag, 1, 2.5)', { flag: null }, 2.5],
    ['if(flag, null, delay)', { flag: true, delay: 4 }, null],
    ['coalesce(delay, distance, 0)', { distance: 9 }, 9],
    ['is_null(origin)', {}, true],
    ["origin + '-' + 'LAX' == 'ATL-LAX'", { origin: 'ATL' }, true],
    ["'it''s'", {}, "it's"],
    ['hour_of_day(date)', { date: instant('2001-03-01T17:59:59Z') }, 17],
    ['hour_of_day(date)', { date: instant('1969-12-31T23:00:00Z') }, 23],
    ['weekday(date)', { date: instant('2001-03-05T00:00:00Z') }, 1],
    ['weekday(date)', { date: instant('2001-03-04T23:59:59Z') }, 7],
    ["timestamp('2001-03-01')", {}, instant('2001-03-01T00:00:00Z')],
    ["timestamp('2001-03-01T00:00:00.000001+01:00')", {}, instant('2001-02-28T23:00:00Z') + 1],
    ["date < timestamp('2001-03-01')", { date: instant('2001-02-28T23:59:00Z') }, true],
    ['int64(true) + int64(2.9)', {}, 3],
    ["double('1.5e2')", {}, 150],
  ])('%s of %j is %j', (text, row, expected) => {
    expect(evaluate(text, row)).toEqual(expected);
  });

  it('gives the known-at of a flight to the nearest microsecond', () => {
    const date = instant('2001-01-01T00:01:00Z');
    expect(evaluate('date + minutes(60) + hours(distance / 350)', { date, distance: 2176 })).toBe(
      date + 3_600_000_000 + Math.round((2176 / 350) * 3_600_000_000),
    );
  });

  it.each<[string, number, RegExp]>([
    ['delay >', 8, /expected a value/],
    ['delay > 15 15', 12, /unexpected 15/],
    ['1 < 2 < 3', 7, /chained/],
    ['dely > 15', 1, /unknown column dely; known: date, delay/],
    ['1 + sqrt(4)', 5, /unknown function sqrt/],
    ["delay > 'x'", 7, /greater takes .* not \(INT64, STRING\)/],
    ["origin == 'ATL", 11, /no closing quote/],
    ['delay ? 1', 7, /unexpected character/],
    ['9007199254740993', 1, /2\^53/],
    ['flag and 1', 10, /expected BOOL, found INT64/],
    ['null', 1, /type of null/],
    ['if(flag, 1)', 1, /takes 3 arguments, not 2/],
    ['constructor(1)', 1, /unknown function constructor/],
    ['('.repeat(70) + '1' + ')'.repeat(70), 65, /nested too deeply/],
  ])('%s is refused at column %i', (text, column, message) => {
    const fault = faultOf(text);
    expect(fault.column).toBe(column);
    expect(fault.message).toMatch(message);
  });

  it.each<[string, Record<string, Value>, string]>([
    ['1 / delay', { delay: 0 }, 'DIVISION_BY_ZERO'],
    ['delay % 0', { delay: 1 }, 'DIVISION_BY_ZERO'],
    ['delay * delay', { delay: 2 ** 40 }, 'INT_OVERFLOW'],
    ['ratio * ratio', { ratio: 1e200 }, 'NOT_FINITE'],
    ['int64(origin)', { origin: '12a' }, 'CAST_FAILED'],
    ['timestamp(origin)', { origin: '2001-02-30' }, 'CAST_FAILED'],
  ])('%s of %j fails with a reason', (text, row, reason) => {
    expect(() => evaluate(text, row)).toThrow(expect.objectContaining({ reason }));
    expect(() => evaluate(text, row)).toThrow(EvaluationError);
  });

  it('have one hash however they are written, and another for another meaning', () => {
    const hash = (text: string): string => expressionHash(parseExpression(text, COLUMNS));
    expect(hash(' ( delay>15 ) ')).toBe(hash('delay > 15'));
    expect(hash('delay >= 15')).not.toBe(hash('delay > 15'));
  });

  it('name the columns that they read', () => {
    expect(fieldsOf(parseExpression('if(flag, delay, distance + 1)', COLUMNS))).toEqual(
      new Set(['flag', 'delay', 'distance']),
    );
  });

  it('widen whole numbers where a DOUBLE is declared and refuse other types', () => {
    expect(parseTyped('delay', COLUMNS, 'DOUBLE').type).toBe('DOUBLE');
    expect(parseTyped('null', COLUMNS, 'DOUBLE')).toEqual({ kind: 'literal', type: 'DOUBLE', value: null });
    expect(() => parseTyped('origin', COLUMNS, 'INT64')).toThrow(/is STRING, but INT64 is needed/);
  });

  it('agree with exact arithmetic or refuse', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.maxSafeInteger(),
        fc.constantFrom('+', '-', '*'),
        (a, b, operator) => {
          const exact = {
            '+': BigInt(a) + BigInt(b),
            '-': BigInt(a) - BigInt(b),
            '*': BigInt(a) * BigInt(b),
          }[operator];
          const fits = exact >= -(2n ** 53n) + 1n && exact <= 2n ** 53n - 1n;
          const run = (): Value => evaluate(`delay ${operator} distance`, { delay: a, distance: b });
          if (fits) expect(run()).toBe(Number(exact));
          else expect(run).toThrow(EvaluationError);
        },
      ),
    );
  });

  it('answer any text with an expression or an error that points into it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('delay', '1', '(', ')', '+', '<', 'not', ',', 'if(', "'a'", ' ')),
        (parts) => {
          const text = parts.join('');
          try {
            parseExpression(text, COLUMNS);
          } catch (error) {
            expect(error).toBeInstanceOf(ExpressionError);
            expect((error as ExpressionError).column).toBeLessThanOrEqual(text.length + 1);
          }
        },
      ),
    );
  });
});
