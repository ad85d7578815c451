import { FUNCTIONS } from './functions.ts';
import { parseSyntax, type Syntax } from './syntax.ts';
import { ExpressionError, type Value, type ValueType } from './types.ts';

/** A checked expression: every name resolved, every node typed. Plain data; equal meaning has equal nodes. */
export type Expression =
  | { readonly kind: 'literal'; readonly type: ValueType; readonly value: Value }
  | { readonly kind: 'field'; readonly type: ValueType; readonly name: string }
  | {
      readonly kind: 'call';
      readonly type: ValueType;
      readonly name: string;
      /** Index of the overload in FUNCTIONS; -1 for the forms that treat NULL themselves. */
      readonly overload: number;
      readonly args: readonly Expression[];
    };

/** The columns an expression may read, with their types. */
export type Columns = ReadonlyMap<string, ValueType>;

/** Parses and checks a text over `columns`. Throws {@link ExpressionError} that points at the column of the fault. */
export function parseExpression(text: string, columns: Columns): Expression {
  return check(parseSyntax(text), columns, undefined);
}

/** As {@link parseExpression}, for an expression that must have `type`; INT64 widens to DOUBLE. */
export function parseTyped(text: string, columns: Columns, type: ValueType): Expression {
  const expression = check(parseSyntax(text), columns, type);
  const widened = widen(expression, type);
  if (widened === undefined) {
    throw new ExpressionError(1, `the expression is ${expression.type}, but ${type} is needed`);
  }
  return widened;
}

/** Names of the columns that an expression reads. */
export function fieldsOf(expression: Expression): Set<string> {
  if (expression.kind === 'field') return new Set([expression.name]);
  if (expression.kind === 'literal') return new Set();
  return new Set(expression.args.flatMap((arg) => [...fieldsOf(arg)]));
}

function check(syntax: Syntax, columns: Columns, nullType: ValueType | undefined): Expression {
  switch (syntax.kind) {
    case 'literal':
      return { kind: 'literal', type: syntax.type, value: syntax.value };
    case 'null':
      if (nullType === undefined)
        throw new ExpressionError(syntax.column, 'the type of null is unknown here');
      return { kind: 'literal', type: nullType, value: null };
    case 'field':
      return checkField(syntax.name, syntax.column, columns);
    case 'call':
      return checkCall(syntax, columns, nullType);
  }
}

function checkField(name: string, column: number, columns: Columns): Expression {
  const type = columns.get(name);
  if (type === undefined) {
    throw new ExpressionError(
      column,
      `unknown column ${name}; known: ${[...columns.keys()].join(', ') || 'none'}`,
    );
  }
  return { kind: 'field', type, name };
}

type CallSyntax = Extract<Syntax, { kind: 'call' }>;

function checkCall(syntax: CallSyntax, columns: Columns, nullType: ValueType | undefined): Expression {
  switch (syntax.name) {
    case 'and':
    case 'or':
      return special(syntax, checkAll(syntax, columns, ['BOOL', 'BOOL']), 'BOOL');
    case 'is_null':
      expectCount(syntax, 1, 1);
      return special(syntax, [check(syntax.args[0]!, columns, undefined)], 'BOOL');
    case 'if':
      return checkIf(syntax, columns, nullType);
    case 'coalesce':
      expectCount(syntax, 1, 64);
      return unify(syntax, syntax.args, columns, nullType, []);
    default:
      return checkFunction(syntax, columns);
  }
}

function checkIf(syntax: CallSyntax, columns: Columns, nullType: ValueType | undefined): Expression {
  expectCount(syntax, 3, 3);
  const condition = need(syntax.args[0]!, check(syntax.args[0]!, columns, 'BOOL'), 'BOOL');
  return unify(syntax, syntax.args.slice(1), columns, nullType, [condition]);
}

/** Branches of `if` and `coalesce` have one type; null takes it, INT64 widens to DOUBLE. */
function unify(
  syntax: CallSyntax,
  branches: readonly Syntax[],
  columns: Columns,
  nullType: ValueType | undefined,
  before: readonly Expression[],
): Expression {
  const types = branches.flatMap((branch) =>
    branch.kind === 'null' ? [] : [check(branch, columns, nullType).type],
  );
  const type = types.includes('DOUBLE') ? 'DOUBLE' : (types[0] ?? nullType);
  if (type === undefined) throw new ExpressionError(syntax.column, `${syntax.name} of nothing but null`);
  const args = branches.map((branch) => need(branch, check(branch, columns, type), type));
  return special(syntax, [...before, ...args], type);
}

function checkAll(syntax: CallSyntax, columns: Columns, types: readonly ValueType[]): Expression[] {
  expectCount(syntax, types.length, types.length);
  return syntax.args.map((arg, index) => need(arg, check(arg, columns, types[index]), types[index]!));
}

function checkFunction(syntax: CallSyntax, columns: Columns): Expression {
  const overloads = Object.hasOwn(FUNCTIONS, syntax.name) ? FUNCTIONS[syntax.name] : undefined;
  if (overloads === undefined) throw new ExpressionError(syntax.column, `unknown function ${syntax.name}`);
  const args = syntax.args.map((arg) => check(arg, columns, undefined));
  for (const matches of [isExact, isWidening]) {
    const overload = overloads.findIndex((candidate) => matches(candidate.params, args));
    if (overload < 0) continue;
    const { params, result } = overloads[overload]!;
    const widened = args.map((arg, index) => widen(arg, params[index]!)!);
    return { kind: 'call', type: result, name: syntax.name, overload, args: widened };
  }
  const given = args.map((arg) => arg.type).join(', ');
  const accepted = overloads.map(({ params }) => `(${params.join(', ')})`).join(' or ');
  throw new ExpressionError(syntax.column, `${syntax.name} takes ${accepted}, not (${given})`);
}

function isExact(params: readonly ValueType[], args: readonly Expression[]): boolean {
  return params.length === args.length && params.every((type, index) => args[index]!.type === type);
}

function isWidening(params: readonly ValueType[], args: readonly Expression[]): boolean {
  return (
    params.length === args.length && params.every((type, index) => widen(args[index]!, type) !== undefined)
  );
}

function need(syntax: Syntax, expression: Expression, type: ValueType): Expression {
  const widened = widen(expression, type);
  if (widened !== undefined) return widened;
  throw new ExpressionError(syntax.column, `expected ${type}, found ${expression.type}`);
}

/** INT64 is a DOUBLE without conversion: both are numbers at run time. */
function widen(expression: Expression, type: ValueType): Expression | undefined {
  if (expression.type === type) return expression;
  if (expression.type === 'INT64' && type === 'DOUBLE') return { ...expression, type: 'DOUBLE' };
  return undefined;
}

function special(syntax: CallSyntax, args: readonly Expression[], type: ValueType): Expression {
  return { kind: 'call', type, name: syntax.name, overload: -1, args };
}

function expectCount(syntax: CallSyntax, least: number, most: number): void {
  if (syntax.args.length >= least && syntax.args.length <= most) return;
  const wanted = least === most ? String(least) : `${least} to ${most}`;
  throw new ExpressionError(
    syntax.column,
    `${syntax.name} takes ${wanted} arguments, not ${syntax.args.length}`,
  );
}
