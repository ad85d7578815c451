import type { NodeFacts } from './constants.ts';

/** Bits that a whole number takes with its sign: n where its magnitude is at most 2^(n−1). */
export type Bits = number;

/** From here on a number may be the smallest of its type. */
export const LOWEST_BITS: Bits = 64;
/** Of sizes and places: a run holds far fewer elements. */
export const PLACE_BITS: Bits = 31;
/** What 32-bit integers count for besides, so that theirs, too, are the smallest from LOWEST_BITS on. */
const NARROWER_BITS: Bits = LOWEST_BITS - 32;
const INT32 = 6;
const INT64 = 7;

/** Operators whose results are no greater than the greatest of their inputs. */
const KEEPING: ReadonlySet<string> = new Set([
  ...[
    'Identity',
    'Gather',
    'GatherND',
    'GatherElements',
    'Concat',
    'Reshape',
    'Unsqueeze',
    'Squeeze',
    'Slice',
  ],
  ...['Transpose', 'Flatten', 'Split', 'Expand', 'Tile', 'Pad', 'Where', 'Min', 'Max', 'Clip', 'Neg', 'Abs'],
  ...['Div', 'Mod', 'ReduceMax', 'ReduceMin', 'TopK', 'Trilu', 'ScatterND', 'ScatterElements', 'Sign'],
]);
const ADDING: ReadonlySet<string> = new Set(['Add', 'Sub', 'Range']);

/** Of the elements of a constant; Infinity where they are not known. */
export function bitsOfConstant(elementType: number, integers: readonly number[] | undefined): Bits {
  if (integers === undefined || elementType !== INT64) return Infinity;
  return Math.max(0, ...integers.map(bitsOfInteger));
}

/**
 * Of what a node makes; Infinity where that is not known.
 * @param inputs of its inputs, in their order.
 */
export function bitsOfResult({ operator, attributes }: NodeFacts, inputs: readonly Bits[]): Bits {
  const greatest = Math.max(0, ...inputs);
  if (KEEPING.has(operator)) return greatest;
  if (ADDING.has(operator)) return greatest + 1;
  if (operator === 'Mul') return inputs.reduce((sum, bits) => sum + bits - 1, 1);
  const attributeOf = (name: string) => attributes.find((attribute) => attribute.name === name);
  if (operator === 'Cast') return greatest + (attributeOf('to')?.integer === INT32 ? NARROWER_BITS : 0);
  if (operator !== 'ConstantOfShape') return Infinity;
  const value = attributeOf('value')?.tensor;
  return value === undefined ? 0 : bitsOfConstant(value.elementType, value.integers);
}

function bitsOfInteger(value: number): Bits {
  return value === 0 ? 0 : Math.ceil(Math.log2(Math.abs(value))) + 1;
}
