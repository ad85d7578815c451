import {
  compileExpression,
  EvaluationError,
  expressionHash,
  fieldsOf,
  parseTyped,
  type Evaluate,
  type Expression,
  type Value,
  type ValueType,
} from '@plumbline/expressions';
import { checkOf, type CheckValue, type ColumnSpec } from './column-check.ts';
import { composeKey } from './entity-key.ts';
import { Fault } from './fault.ts';
import { isInstant, type Micros } from './instants.ts';

/** A column computed from a row. */
export interface DerivedSpec {
  readonly name: string;
  readonly expression: string;
  readonly type: ValueType;
}

/** Where rows come from. */
export interface SourceSpec {
  readonly name: string;
  readonly columns: readonly ColumnSpec[];
  readonly rowKey: readonly string[];
  readonly eventTime: string;
  /** Empty: the commit instant. */
  readonly knownAt: string;
  readonly derived: readonly DerivedSpec[];
}

/** A row that passed every check. */
export interface AdmittedRow {
  readonly rowKey: string;
  readonly event: Micros;
  readonly known: Micros;
  /** Raw columns in order, then derived ones. */
  readonly values: readonly Value[];
}

/** Admits or faults one raw row; `commitUs` stands in for an undeclared known-at. */
export type Admit = (values: readonly Value[], commitUs: Micros) => AdmittedRow | Fault;

/**
 * A compiled source: admits or faults raw rows and completes them with their derived columns. Compiling throws
 * ExpressionError or RangeError; definitions are checked before with `checkSource`.
 */
export class SourceProgram {
  readonly spec: SourceSpec;
  /** Slots of {@link AdmittedRow.values}: name and type of every column, raw ones first. */
  readonly columns: ReadonlyMap<string, ValueType>;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #admissions = new Map<string, Admit>();
  readonly #derived: readonly Evaluate[];
  readonly #derivedExpressions: readonly Expression[];
  readonly #rowKey: readonly number[];
  readonly #eventTime: Evaluate;
  readonly #knownAt: Evaluate | undefined;

  constructor(spec: SourceSpec) {
    this.spec = spec;
    const columns = new Map<string, ValueType>(spec.columns.map((column) => [column.name, column.type]));
    this.#derivedExpressions = spec.derived.map((derived) => {
      const expression = parseTyped(derived.expression, columns, derived.type);
      columns.set(derived.name, derived.type);
      return expression;
    });
    this.columns = columns;
    this.#slots = new Map([...columns.keys()].map((name, slot) => [name, slot]));
    this.#derived = this.#derivedExpressions.map((expression) => this.compile(expression));
    this.#rowKey = spec.rowKey.map((name) => this.slotOf(name));
    this.#eventTime = this.compile(parseTyped(spec.eventTime, columns, 'TIMESTAMP'));
    this.#knownAt =
      spec.knownAt === '' ? undefined : this.compile(parseTyped(spec.knownAt, columns, 'TIMESTAMP'));
  }

  /** Whether rows say themselves when they became known; otherwise the commit instant stands in. */
  get declaresKnownAt(): boolean {
    return this.#knownAt !== undefined;
  }

  get rawCount(): number {
    return this.spec.columns.length;
  }

  slotOf(column: string): number {
    const slot = this.#slots.get(column);
    if (slot === undefined) throw new RangeError(`source ${this.spec.name} has no column ${column}`);
    return slot;
  }

  /** Compiles an expression over this source's columns; it runs on {@link AdmittedRow.values}. */
  compile(expression: Expression): Evaluate {
    return compileExpression(expression, (name) => this.slotOf(name));
  }

  /**
   * The judge of raw rows whose values arrive as `types`, one per raw column. The same values at another time get the
   * same verdict; only an undeclared known-at takes `commitUs`.
   */
  admission(types: readonly ValueType[]): Admit {
    const key = types.join();
    let admit = this.#admissions.get(key);
    if (admit === undefined) this.#admissions.set(key, (admit = this.#admission(types)));
    return admit;
  }

  /** Completes raw values that were admitted before, e.g. read back from history, with the derived columns. */
  derive(row: Value[]): Value[] {
    for (const derived of this.#derived) row.push(derived(row));
    return row;
  }

  /** Identity of a column's meaning: equal texts mean equal values for equal raw rows. */
  fingerprint(column: string): string {
    const index = this.spec.derived.findIndex((derived) => derived.name === column);
    if (index < 0) return `${column}:${this.columns.get(column) ?? 'missing'}`;
    const expression = this.#derivedExpressions[index]!;
    const inputs = [...fieldsOf(expression)].sort().map((field) => this.fingerprint(field));
    return `${expressionHash(expression)}(${inputs.join(',')})`;
  }

  #admission(types: readonly ValueType[]): Admit {
    const checks = this.spec.columns.map((column, index): CheckValue => checkOf(column, types[index]!));
    return (values, commitUs) => {
      const row: Value[] = [];
      for (let i = 0; i < checks.length; i++) {
        const checked = checks[i]!(values[i]!);
        if (checked instanceof Fault) return checked;
        row.push(checked);
      }
      try {
        return this.#complete(row, commitUs);
      } catch (error) {
        if (error instanceof EvaluationError) return new Fault('EXPRESSION_FAILED', error.message);
        throw error;
      }
    };
  }

  #complete(raw: Value[], commitUs: Micros): AdmittedRow | Fault {
    const row = this.derive(raw);
    const event = this.#eventTime(row);
    if (!isInstant(event)) return new Fault('EVENT_TIME_INVALID', 'the event time is NULL or out of range');
    const known = this.#knownAt === undefined ? commitUs : this.#knownAt(row);
    if (!isInstant(known)) return new Fault('KNOWN_AT_INVALID', 'the known-at is NULL or out of range');
    const parts = this.#rowKey.map((slot) => row[slot]!);
    if (parts.some((part) => part === null))
      return new Fault('VALUE_REQUIRED', 'a column of the row key is NULL');
    return { rowKey: composeKey(parts), event, known, values: row };
  }
}
