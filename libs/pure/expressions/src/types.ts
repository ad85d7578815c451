/** Static types of the language. */
export type ValueType = 'BOOL' | 'INT64' | 'DOUBLE' | 'STRING' | 'TIMESTAMP';

/**
 * A value at run time. INT64 and TIMESTAMP (microseconds since the Unix epoch) are safe integers, DOUBLE is finite:
 * the language has no NaN and no infinity. null is NULL.
 */
export type Value = boolean | number | string | null;

/** What can go wrong when a checked expression meets values. */
export type EvaluationReason = 'INT_OVERFLOW' | 'DIVISION_BY_ZERO' | 'NOT_FINITE' | 'CAST_FAILED';

/** An expression met values that it is not defined for. The row, not the expression, is at fault. */
export class EvaluationError extends Error {
  readonly reason: EvaluationReason;

  constructor(reason: EvaluationReason, message: string) {
    super(message);
    this.name = 'EvaluationError';
    this.reason = reason;
  }
}

/** A text that is no valid expression. */
export class ExpressionError extends Error {
  /** 1-based column of the fault in the text. */
  readonly column: number;

  constructor(column: number, message: string) {
    super(`column ${column}: ${message}`);
    this.name = 'ExpressionError';
    this.column = column;
  }
}
