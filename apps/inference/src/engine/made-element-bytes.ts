import type { Constant, NodeFacts } from './constants.ts';
import { elementBytesOf } from './tensor-facts.ts';

const FLOAT_BYTES = 4;
const INT64_BYTES = 8;
/** The input whose elements the result has, where that is not the first. */
const TYPED_BY: Readonly<Record<string, number>> = { Where: 1, CastLike: 1, OneHot: 2 };
const TRUTHS: ReadonlySet<string> = new Set([
  ...['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'And', 'Or', 'Xor', 'Not', 'IsNaN'],
]);
const KEEPING: ReadonlySet<string> = new Set([
  ...[
    'Identity',
    'Expand',
    'Tile',
    'Pad',
    'Resize',
    'Range',
    'Gather',
    'Concat',
    'Slice',
    'Squeeze',
    'MatMul',
  ],
  ...['Unsqueeze', 'Reshape', 'Flatten', 'Transpose', 'Split', 'Trilu', 'ScatterND', 'ScatterElements'],
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Pow', 'Min', 'Max', 'Sum', 'Mean', 'Neg', 'Abs', 'Sqrt', 'Exp'],
  ...['Floor', 'Ceil', 'Relu', 'Sigmoid', 'Tanh', 'Erf', 'Clip', 'Softmax', 'Reciprocal'],
]);

/** Bytes of an element of what the node makes; of operators that are not known here, at most, with numbers of 64 bits. */
export function madeElementBytes(
  { operator, attributes }: NodeFacts,
  inputs: readonly (Constant | undefined)[],
): number {
  const attributeOf = (name: string) => attributes.find((attribute) => attribute.name === name);
  if (operator === 'Cast') return elementBytesOf(attributeOf('to')?.integer ?? 0);
  if (operator === 'ConstantOfShape') return attributeOf('value')?.tensor?.elementBytes ?? FLOAT_BYTES;
  if (TRUTHS.has(operator)) return 1;
  const typed = TYPED_BY[operator] ?? (KEEPING.has(operator) ? 0 : undefined);
  if (typed !== undefined) return inputs[typed]?.elementBytes ?? FLOAT_BYTES;
  return Math.max(INT64_BYTES, ...inputs.map((input) => input?.elementBytes ?? FLOAT_BYTES));
}
