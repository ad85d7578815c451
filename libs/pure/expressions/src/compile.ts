import { createHash } from 'node:crypto';
import type { Expression } from './check.ts';
import { FUNCTIONS } from './functions.ts';
import { EvaluationError, type Value } from './types.ts';

/** Evaluates an expression on one row of values. Throws EvaluationError where it is not defined. */
export type Evaluate = (row: readonly Value[]) => Value;

type Apply = (...args: readonly Value[]) => Value;

/**
 * The executor: turns an expression into a function over rows whose columns lie at `slotOf(name)`. Deterministic: no
 * clock, no randomness, no I/O; the same function serves ingestion, training sets and online reads.
 */
export function compileExpression(expression: Expression, slotOf: (column: string) => number): Evaluate {
  switch (expression.kind) {
    case 'literal':
      return () => expression.value;
    case 'field': {
      const slot = slotOf(expression.name);
      return (row) => row[slot]!;
    }
    case 'call': {
      const evaluate = compileCall(
        expression,
        expression.args.map((arg) => compileExpression(arg, slotOf)),
      );
      return isConstant(expression) ? folded(evaluate) : evaluate;
    }
  }
}

function isConstant(expression: Expression): boolean {
  if (expression.kind === 'call') return expression.args.every(isConstant);
  return expression.kind === 'literal';
}

/** Evaluates what depends on no row once; where it fails it goes on failing row by row. */
function folded(evaluate: Evaluate): Evaluate {
  try {
    const value = evaluate([]);
    return () => value;
  } catch (error) {
    if (error instanceof EvaluationError) return evaluate;
    throw error;
  }
}

/** Identity of an expression: 16 hex digits over its checked form, so spacing and brackets do not change it. */
export function expressionHash(expression: Expression): string {
  return createHash('sha256').update(JSON.stringify(expression)).digest('hex').slice(0, 16);
}

function compileCall(call: Extract<Expression, { kind: 'call' }>, args: readonly Evaluate[]): Evaluate {
  const [first, second, third] = args;
  switch (call.name) {
    case 'and':
      return (row) => connect(first!(row), () => second!(row), false);
    case 'or':
      return (row) => connect(first!(row), () => second!(row), true);
    case 'is_null':
      return (row) => first!(row) === null;
    case 'if':
      return (row) => (first!(row) === true ? second!(row) : third!(row));
    case 'coalesce':
      return (row) => firstNonNull(args, row);
    default:
      return strict(FUNCTIONS[call.name]![call.overload]!.apply as Apply, args);
  }
}

/** Kleene's and (decisive false) and or (decisive true): a decisive operand settles it, else NULL stays NULL. */
function connect(left: Value, right: () => Value, decisive: boolean): Value {
  if (left === decisive) return decisive;
  const other = right();
  if (other === decisive) return decisive;
  return left === null || other === null ? null : !decisive;
}

function firstNonNull(args: readonly Evaluate[], row: readonly Value[]): Value {
  for (const arg of args) {
    const value = arg(row);
    if (value !== null) return value;
  }
  return null;
}

function strict(apply: Apply, args: readonly Evaluate[]): Evaluate {
  const [first, second] = args;
  if (args.length === 1) {
    return (row) => {
      const value = first!(row);
      return value === null ? null : apply(value);
    };
  }
  return (row) => {
    const left = first!(row);
    if (left === null) return null;
    const right = second!(row);
    return right === null ? null : apply(left, right);
  };
}
