import type { Constant, NodeFacts } from './constants.ts';

/** No shape is longer. */
const MAX_INTEGERS = 16;
/** Of onnx.TensorProto.DataType. */
const INT64 = 7;

type Inputs = readonly (Constant | undefined)[];
type Rule = (inputs: Inputs, node: NodeFacts, count: number) => readonly number[] | undefined;

const first: Rule = ([data]) => data?.integers;
const each = (combine: (left: number, right: number) => number): Rule => {
  return ([left, right], _, count) => {
    const [lefts, rights] = [left?.integers, right?.integers];
    if (lefts === undefined || rights === undefined) return undefined;
    const at = (values: readonly number[], index: number) => values[values.length === 1 ? 0 : index] ?? NaN;
    return Array.from({ length: count }, (_value, index) => combine(at(lefts, index), at(rights, index)));
  };
};
const filled: Rule = ([data], _, count) =>
  data?.integers?.length === 1 ? new Array<number>(count).fill(data.integers[0] ?? 0) : undefined;

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ...['Identity', 'Unsqueeze', 'Squeeze', 'Reshape', 'Flatten'].map((same): [string, Rule] => [same, first]),
  ...['Expand', 'Tile'].map((repeating): [string, Rule] => [repeating, filled]),
  ['Add', each((left, right) => left + right)],
  ['Sub', each((left, right) => left - right)],
  ['Mul', each((left, right) => left * right)],
  ['Div', each((left, right) => Math.trunc(left / right))],
  ['Neg', ([data]) => data?.integers?.map((value) => 0 - value)],
  ['Min', each(Math.min)],
  ['Max', each(Math.max)],
  ['Shape', ([data]) => data?.dims],
  ['Gather', ([data, indices]) => gathered(data, indices)],
  ['Cast', ([data], { attributes }) => (isToInt64(attributes) ? data?.integers : undefined)],
  ['Size', ([data]) => (data?.exact === true ? [data.elements] : undefined)],
  ['Concat', (inputs) => concatenated(inputs)],
  ['Range', ([start, , delta], _, count) => counted(start?.integers?.[0], delta?.integers?.[0], count)],
  ['ConstantOfShape', (_inputs, node, count) => fill(node, count)],
  ['ReduceProd', ([data]) => data?.integers && [data.integers.reduce((left, right) => left * right, 1)]],
]);

/** The elements of what a node makes of constants, where they are few and follow from integers. */
export function valuesOf(node: NodeFacts, inputs: Inputs, count: number): readonly number[] | undefined {
  if (count > MAX_INTEGERS) return undefined;
  const values = RULES.get(node.operator)?.(inputs, node, count);
  // Integers that are not exact here may be any in the engine, which has 64 bits for them and lets them wrap.
  return values?.every(Number.isSafeInteger) === true ? values : undefined;
}

/** Of an attribute that is a list; undefined where the node has no such attribute. */
export function integersOf({ attributes }: NodeFacts, name: string): readonly number[] | undefined {
  return attributes.find((attribute) => attribute.name === name)?.integers;
}

function concatenated(inputs: Inputs): readonly number[] | undefined {
  const parts = inputs.map((input) => input?.integers);
  if (!inputs.every((input) => input?.dims === undefined || input.dims.length <= 1)) return undefined;
  return parts.every((part) => part !== undefined) ? parts.flat() : undefined;
}

function gathered(data: Constant | undefined, indices: Constant | undefined): readonly number[] | undefined {
  if (data?.dims?.length !== 1) return undefined;
  return indices?.integers?.map((index) => data.integers?.at(index) ?? NaN);
}

function isToInt64(attributes: NodeFacts['attributes']): boolean {
  return attributes.some(({ name, integer }) => name === 'to' && integer === INT64);
}

function counted(start: number | undefined, delta: number | undefined, count: number) {
  if (start === undefined || delta === undefined) return undefined;
  return Array.from({ length: count }, (_, index) => start + index * delta);
}

function fill({ attributes }: NodeFacts, count: number): readonly number[] | undefined {
  const value = attributes.find(({ name }) => name === 'value')?.tensor?.integers?.[0];
  return value === undefined ? undefined : new Array<number>(count).fill(value);
}
