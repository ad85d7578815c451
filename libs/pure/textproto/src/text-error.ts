/** Where something stands in a text; both count from 1, columns in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A text that is no message of the expected type: where, in which field, and what is wrong. */
export class TextError extends Error {
  override readonly name = 'TextError';
  readonly line: number;
  readonly column: number;
  /** The field as a path of the message, e.g. `instance_group[1].kind`; empty outside any field. */
  readonly field: string;
  /** The sentence without position and field. */
  readonly problem: string;

  constructor({ line, column }: Position, field: string, problem: string) {
    super(`${line}:${column}: ${field === '' ? '' : `${field} `}${problem}`);
    this.line = line;
    this.column = column;
    this.field = field;
    this.problem = problem;
  }
}
