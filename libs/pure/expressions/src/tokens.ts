import { ExpressionError } from './types.ts';

export type TokenKind = 'name' | 'integer' | 'decimal' | 'text' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** For texts the unquoted value, otherwise as written. */
  readonly text: string;
  /** 1-based column of the first character. */
  readonly column: number;
}

const PATTERNS: readonly (readonly [TokenKind | 'space', RegExp])[] = [
  ['space', /\s+/y],
  ['decimal', /\d+(?:\.\d+(?:[eE][+-]?\d+)?|[eE][+-]?\d+)/y],
  ['integer', /\d+/y],
  ['name', /[A-Za-z_][A-Za-z0-9_]*/y],
  ['text', /'(?:[^']|'')*'/y],
  ['symbol', /==|!=|<=|>=|[-+*/%()<>,]/y],
];

/** Splits a text into tokens, ending with one of kind `end`. In texts '' stands for one quote. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let offset = 0;
  while (offset < text.length) {
    const [kind, match] = matchAt(text, offset);
    if (kind !== 'space') tokens.push({ kind, text: unquote(kind, match), column: offset + 1 });
    offset += match.length;
  }
  tokens.push({ kind: 'end', text: 'end of expression', column: text.length + 1 });
  return tokens;
}

function matchAt(text: string, offset: number): [TokenKind | 'space', string] {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = offset;
    const match = pattern.exec(text)?.[0];
    if (match !== undefined) return [kind, match];
  }
  const character = text[offset]!;
  throw new ExpressionError(
    offset + 1,
    character === "'"
      ? 'the text that starts here has no closing quote'
      : `unexpected character ${character}`,
  );
}

function unquote(kind: TokenKind | 'space', match: string): string {
  return kind === 'text' ? match.slice(1, -1).replaceAll("''", "'") : match;
}
