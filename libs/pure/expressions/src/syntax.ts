import { tokenize, type Token } from './tokens.ts';
import { ExpressionError, type Value, type ValueType } from './types.ts';

/** An expression as written, before names and types are resolved. Columns are 1-based. */
export type Syntax =
  | { readonly kind: 'literal'; readonly type: ValueType; readonly value: Value; readonly column: number }
  | { readonly kind: 'null'; readonly column: number }
  | { readonly kind: 'field'; readonly name: string; readonly column: number }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Syntax[];
      readonly column: number;
    };

/** Deeper nesting is refused, so that no text can exhaust the stack. */
const MAX_DEPTH = 64;
const MAX_LENGTH = 4096;

/** Binary operators by precedence, loosest first, with the functions that they stand for. */
const LEVELS: readonly Readonly<Record<string, string>>[] = [
  { or: 'or' },
  { and: 'and' },
  {
    '==': 'equal',
    '!=': 'not_equal',
    '<': 'less',
    '<=': 'less_or_equal',
    '>': 'greater',
    '>=': 'greater_or_equal',
  },
  { '+': 'add', '-': 'subtract' },
  { '*': 'multiply', '/': 'divide', '%': 'modulo' },
];
const COMPARISON_LEVEL = 2;

/** Parses a text. Throws {@link ExpressionError} that points at the column. */
export function parseSyntax(text: string): Syntax {
  if (text.length > MAX_LENGTH) {
    throw new ExpressionError(MAX_LENGTH + 1, `an expression may have ${MAX_LENGTH} characters at most`);
  }
  return new Parser(tokenize(text)).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Syntax {
    const syntax = this.#level(0);
    const rest = this.#peek();
    if (rest.kind !== 'end') throw new ExpressionError(rest.column, `unexpected ${rest.text}`);
    return syntax;
  }

  #level(level: number): Syntax {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#level(level + 1);
    for (let links = 0; ; links++) {
      const token = this.#peek();
      const name =
        Object.hasOwn(operators, token.text) && token.kind !== 'text' ? operators[token.text] : undefined;
      if (name === undefined) return left;
      if (level === COMPARISON_LEVEL && links > 0) {
        throw new ExpressionError(token.column, 'comparisons cannot be chained; join them with and');
      }
      if (links >= MAX_DEPTH) throw new ExpressionError(token.column, 'too many operands in one chain');
      this.#index++;
      left = { kind: 'call', name, args: [left, this.#level(level + 1)], column: token.column };
    }
  }

  #unary(): Syntax {
    const token = this.#peek();
    if (++this.#depth > MAX_DEPTH) throw new ExpressionError(token.column, 'nested too deeply');
    try {
      if (this.#accept('-'))
        return { kind: 'call', name: 'negate', args: [this.#unary()], column: token.column };
      if (token.kind === 'name' && token.text === 'not') {
        this.#index++;
        return { kind: 'call', name: 'not', args: [this.#unary()], column: token.column };
      }
      return this.#primary();
    } finally {
      this.#depth--;
    }
  }

  #primary(): Syntax {
    const token = this.#peek();
    this.#index++;
    switch (token.kind) {
      case 'integer':
        return integerLiteral(token);
      case 'decimal':
        return decimalLiteral(token);
      case 'text':
        return { kind: 'literal', type: 'STRING', value: token.text, column: token.column };
      case 'name':
        return this.#named(token);
      case 'symbol':
        if (token.text === '(') return this.#parenthesised();
        break;
      case 'end':
        break;
    }
    throw new ExpressionError(token.column, `expected a value, found ${token.text}`);
  }

  #named(token: Token): Syntax {
    const { text, column } = token;
    if (text === 'true' || text === 'false')
      return { kind: 'literal', type: 'BOOL', value: text === 'true', column };
    if (text === 'null') return { kind: 'null', column };
    if (text === 'and' || text === 'or') throw new ExpressionError(column, `expected a value, found ${text}`);
    if (!this.#accept('(')) return { kind: 'field', name: text, column };
    return { kind: 'call', name: text, args: this.#arguments(), column };
  }

  #arguments(): Syntax[] {
    const args: Syntax[] = [];
    if (this.#accept(')')) return args;
    do args.push(this.#level(0));
    while (this.#accept(','));
    this.#expect(')');
    return args;
  }

  #parenthesised(): Syntax {
    const inner = this.#level(0);
    this.#expect(')');
    return inner;
  }

  #peek(): Token {
    return this.#tokens[this.#index]!;
  }

  #accept(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'symbol' || token.text !== symbol) return false;
    this.#index++;
    return true;
  }

  #expect(symbol: string): void {
    if (this.#accept(symbol)) return;
    const token = this.#peek();
    throw new ExpressionError(token.column, `expected ${symbol}, found ${token.text}`);
  }
}

function integerLiteral({ text, column }: Token): Syntax {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new ExpressionError(column, 'whole numbers go up to 2^53 - 1');
  return { kind: 'literal', type: 'INT64', value, column };
}

function decimalLiteral({ text, column }: Token): Syntax {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new ExpressionError(column, 'the number is too large for a DOUBLE');
  return { kind: 'literal', type: 'DOUBLE', value, column };
}
