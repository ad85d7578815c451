export {
  EvaluationError,
  ExpressionError,
  type EvaluationReason,
  type Value,
  type ValueType,
} from './types.ts';
export { fieldsOf, parseExpression, parseTyped, type Columns, type Expression } from './check.ts';
export { compileExpression, expressionHash, type Evaluate } from './compile.ts';
