import { describe, expect, it } from '@jest/globals';
import type { Value, ValueType } from '@plumbline/expressions';
import fc from 'fast-check';
import { compilePattern, type ColumnSpec } from './column-check.ts';
import { composeKey } from './entity-key.ts';
import type { Fault } from './fault.ts';
import { decodeRow, encodeRow } from './row-codec.ts';
import { SourceProgram, type AdmittedRow } from './source-program.ts';

const column = (name: string, type: ValueType, extra: Partial<ColumnSpec> = {}): ColumnSpec => ({
  name,
  type,
  required: true,
  domain: [],
  pattern: '',
  ...extra,
});

const PROGRAM = new SourceProgram({
  name: 'outcomes',
  columns: [
    column('flight_id', 'INT64'),
    column('date', 'TIMESTAMP'),
    column('delay', 'INT64', { min: -1440, max: 2880 }),
    column('distance', 'INT64', { min: 1, max: 10_000, required: false }),
    column('origin', 'STRING', { pattern: '[A-Z]{3}' }),
  ],
  rowKey: ['flight_id'],
  eventTime: 'date + minutes(60) + hours(distance / 350)',
  knownAt: '',
  derived: [
    { name: 'late', expression: 'delay > 15', type: 'BOOL' },
    { name: 'very_late', expression: 'late and delay > 60', type: 'BOOL' },
  ],
});
const TYPES: ValueType[] = ['INT64', 'TIMESTAMP', 'INT64', 'INT64', 'STRING'];
const GOOD: Value[] = [7, 0, 20, 350, 'ATL'];

function verdict(values: readonly Value[], types: readonly ValueType[] = TYPES): AdmittedRow | Fault {
  return PROGRAM.admission(types)(values, 99);
}

describe('admission of rows', () => {
  it('completes a good row with its key, instants and derived columns', () => {
    expect(verdict(GOOD)).toEqual({
      rowKey: '[7]',
      event: 7_200_000_000,
      known: 99,
      values: [7, 0, 20, 350, 'ATL', true, false],
    });
  });

  it.each<[string, Value[], ValueType[], string]>([
    ['a missing required value', [7, 0, null, 350, 'ATL'], TYPES, 'VALUE_REQUIRED'],
    [
      'a text for a number',
      [7, 0, 'late', 350, 'ATL'],
      ['INT64', 'TIMESTAMP', 'STRING', 'INT64', 'STRING'],
      'WRONG_TYPE',
    ],
    [
      'a fraction for a whole number',
      [7, 0, 1.5, 350, 'ATL'],
      ['INT64', 'TIMESTAMP', 'DOUBLE', 'INT64', 'STRING'],
      'WRONG_TYPE',
    ],
    ['a delay of a century', [7, 0, 52_560_000, 350, 'ATL'], TYPES, 'VALUE_OUT_OF_RANGE'],
    ['a whole number beyond 2^53', [2 ** 60, 0, 1, 350, 'ATL'], TYPES, 'VALUE_OUT_OF_RANGE'],
    ['a lower-case airport', [7, 0, 1, 350, 'atl'], TYPES, 'PATTERN_MISMATCH'],
    ['a pattern that only starts well', [7, 0, 1, 350, 'ATLX'], TYPES, 'PATTERN_MISMATCH'],
    ['no event time', [7, 0, 1, null, 'ATL'], TYPES, 'EVENT_TIME_INVALID'],
    ['an instant in the year 9999', [7, 253_370_764_800_000_000, 1, 350, 'ATL'], TYPES, 'VALUE_OUT_OF_RANGE'],
  ])('quarantines %s', (_, values, types, reason) => {
    expect(verdict(values, types)).toMatchObject({ reason });
  });

  it('coerces a whole DOUBLE to INT64 and nothing that would lose anything', () => {
    const types: ValueType[] = ['INT64', 'TIMESTAMP', 'DOUBLE', 'INT64', 'STRING'];
    expect(verdict([7, 0, 20.0, 350, 'ATL'], types)).toMatchObject({ rowKey: '[7]' });
  });

  it('gives a derived column another fingerprint when what it reads changes meaning', () => {
    const changed = new SourceProgram({
      ...PROGRAM.spec,
      derived: [{ name: 'late', expression: 'delay > 20', type: 'BOOL' }, PROGRAM.spec.derived[1]!],
    });
    expect(changed.fingerprint('very_late')).not.toBe(PROGRAM.fingerprint('very_late'));
    expect(changed.fingerprint('delay')).toBe(PROGRAM.fingerprint('delay'));
  });

  it.each(['(a+)+', '(?=x)', '(a)\\1', 'a'.repeat(201), '['])('refuses the pattern %s', (pattern) => {
    expect(() => compilePattern(pattern)).toThrow();
  });
});

describe('keys and stored rows', () => {
  it('keep composite keys apart where concatenation collides', () => {
    expect(composeKey([1, 12])).not.toBe(composeKey([11, 2]));
    expect(composeKey(['a","b'])).not.toBe(composeKey(['a', 'b']));
  });

  it('read back every value as it was stored', () => {
    const value: Record<ValueType, fc.Arbitrary<Value>> = {
      INT64: fc.maxSafeInteger(),
      TIMESTAMP: fc.maxSafeInteger(),
      DOUBLE: fc.double({ noNaN: true, noDefaultInfinity: true }),
      STRING: fc.string({ unit: 'binary' }),
      BOOL: fc.boolean(),
    };
    const types = Object.keys(value) as ValueType[];
    const row = fc.tuple(...types.map((type) => fc.option(value[type], { nil: null })));
    fc.assert(
      fc.property(row, (values) => {
        expect(decodeRow(types, encodeRow(types, values))).toEqual(values);
        expect(decodeRow([...types, 'INT64'], encodeRow(types, values)).at(-1)).toBeNull();
      }),
    );
  });
});
