import { unescapeString } from './string-literal.ts';
import { TextError, type Position } from './text-error.ts';

export type TokenKind = 'identifier' | 'decimal' | 'octal' | 'hex' | 'float' | 'string' | 'symbol' | 'end';

export interface Token extends Position {
  readonly kind: TokenKind;
  /** As written; of a string, between its quotes. */
  readonly text: string;
  /** Of a string, its bytes. */
  readonly bytes?: Uint8Array;
}

const BLANK = /[ \t\n\r\v\f]+|#[^\n]*/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
/** Everything that begins like a number, so that what follows one too closely is found. */
const NUMBER = /(?:\d|\.\d)[A-Za-z0-9_.]*(?:(?<=[0-9.][eE])[+-][A-Za-z0-9_.]*)?/y;
const SYMBOLS = '{}<>[]:,;-/.';

const HEX = /^0[xX][0-9a-fA-F]+$/;
const OCTAL = /^0[0-7]+$/;
const DECIMAL = /^(?:0|[1-9]\d*)$/;
const FLOAT = /^(?:(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)[fF]?$|^(?:0|[1-9]\d*)[fF]$/;

/** Cuts a text into tokens, one at a time, without blanks and comments. */
export class Lexer {
  readonly #text: string;
  #at = 0;
  #line = 1;
  #lineStart = 0;
  #next: Token | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next token, which stays the next. @throws TextError */
  peek(): Token {
    return (this.#next ??= this.#read());
  }

  /** The next token. @throws TextError */
  take(): Token {
    const token = this.peek();
    this.#next = undefined;
    return token;
  }

  #read(): Token {
    this.#skipBlanks();
    const position = { line: this.#line, column: this.#at - this.#lineStart + 1 };
    const first = this.#text[this.#at];
    if (first === undefined) return { kind: 'end', text: '', ...position };
    const identifier = this.#match(IDENTIFIER);
    if (identifier !== undefined) return { kind: 'identifier', text: identifier, ...position };
    const number = this.#match(NUMBER);
    if (number !== undefined) return { kind: numberKind(number, position), text: number, ...position };
    if (first === '"' || first === "'") return this.#readString(first, position);
    if (!SYMBOLS.includes(first)) throw new TextError(position, '', `"${first}" means nothing here`);
    this.#at++;
    return { kind: 'symbol', text: first, ...position };
  }

  #readString(quote: string, position: Position): Token {
    const from = ++this.#at;
    for (let sign = this.#text[this.#at]; sign !== quote; sign = this.#text[this.#at]) {
      if (sign === undefined || sign === '\n') {
        throw new TextError(position, '', 'the string does not end on its line');
      }
      this.#at += sign === '\\' && this.#text[this.#at + 1] !== '\n' ? 2 : 1;
    }
    const text = this.#text.slice(from, this.#at++);
    return { kind: 'string', text, bytes: unescapeString(text, position), ...position };
  }

  #skipBlanks(): void {
    for (let blanks = this.#match(BLANK); blanks !== undefined; blanks = this.#match(BLANK)) {
      const from = this.#at - blanks.length;
      for (let at = blanks.indexOf('\n'); at >= 0; at = blanks.indexOf('\n', at + 1)) {
        this.#line++;
        this.#lineStart = from + at + 1;
      }
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

function numberKind(text: string, position: Position): TokenKind {
  if (DECIMAL.test(text)) return 'decimal';
  if (HEX.test(text)) return 'hex';
  if (OCTAL.test(text)) return 'octal';
  if (FLOAT.test(text)) return 'float';
  throw new TextError(position, '', `"${text.slice(0, 40)}" is no number`);
}
