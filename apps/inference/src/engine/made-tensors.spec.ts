import { describe, expect, it } from '@jest/globals';
import { buildModel, type Int64Constant, type NodeSpec } from '@plumbline/onnx';
import fc from 'fast-check';
import { shapeOf } from './constant-shapes.ts';
import { valuesOf } from './constant-values.ts';
import { product, type Constant } from './constants.ts';
import { scanModel } from './scan-model.ts';

const node = (operator: string, inputs: string[], output: string, attributes = {}): NodeSpec => ({
  operator,
  inputs,
  outputs: [output],
  attributes,
});
const SCALARS = [
  node('Squeeze', ['one'], 'one0'),
  node('Squeeze', ['zero'], 'zero0'),
  node('Squeeze', ['huge'], 'huge0'),
];

function growthOf(nodes: readonly NodeSpec[], constants: readonly Int64Constant[] = []): string | undefined {
  const tensor = (name: string) => ({ name, datatype: 'FP32', shape: [-1, 2] });
  const model = buildModel({
    name: 'made',
    producer: { name: 'plumbline-test', version: '' },
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes,
    constants: [
      { name: 'one', values: [1] },
      { name: 'zero', values: [0] },
      { name: 'huge', values: [2 ** 31] },
      { name: 'large', values: [2 ** 20] },
      { name: 'gigabyte', values: [2 ** 28] },
      { name: 'pads', values: [0, 2 ** 31] },
      ...constants,
    ],
  });
  return scanModel(model, { maxNodes: 100 }).growth;
}

describe('scanModel, of what nodes make of constants', () => {
  it.each<[string, NodeSpec[]]>([
    ['Tile', [node('Tile', ['one', 'huge'], 'y')]],
    ['Expand', [node('Expand', ['one', 'huge'], 'y')]],
    ['Range', [...SCALARS, node('Range', ['zero0', 'huge0', 'one0'], 'y')]],
    ['Pad', [node('Pad', ['one', 'pads'], 'y')]],
    ['Resize', [node('Resize', ['one', '', '', 'huge'], 'y')]],
    ['OneHot', [node('OneHot', ['zero', 'huge', 'one'], 'y')]],
    ['ConstantOfShape', [node('Mul', ['large', 'large'], 's'), node('ConstantOfShape', ['s'], 'y')]],
    [
      'Add',
      [
        node('Expand', ['one', 'large'], 'row'),
        node('Unsqueeze', ['row', 'one'], 'column'),
        node('Add', ['row', 'column'], 'y'),
      ],
    ],
    ['Tile', [node('Tile', ['one', 'large'], 't'), node('Tile', ['t', 'large'], 'y')]],
    [
      'MatMul',
      [
        node('Expand', ['one', 'large'], 'row'),
        node('Unsqueeze', ['row', 'zero'], 'left'),
        node('Unsqueeze', ['row', 'one'], 'right'),
        node('MatMul', ['right', 'left'], 'y'),
      ],
    ],
  ])('refuses %s where that makes gigabytes, by itself or in a chain', (operator, nodes) => {
    expect(() => growthOf(nodes)).toThrow(new RegExp(`^${operator} makes a tensor of \\d+ bytes`));
  });

  it('refuses many tensors that only together take gigabytes', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => node('ConstantOfShape', ['gigabyte'], `y${index}`));
    expect(() => growthOf(many(3))).not.toThrow();
    expect(() => growthOf(many(5))).toThrow('constants make tensors of 5368709120 bytes together');
  });

  it.each<[string, NodeSpec[]]>([
    ['Einsum', [node('Expand', ['one', 'large'], 'row'), node('Einsum', ['row', 'row'], 'y')]],
    ['ConstantOfShape', [node('BitwiseNot', ['one'], 's'), node('ConstantOfShape', ['s'], 'y')]],
    ['Tile', [node('Tile', ['x', 'huge'], 'y')]],
  ])(
    'finds %s, of whose size nothing is certain, and leaves it to a process of its own',
    (operator, nodes) => {
      expect(growthOf(nodes)).toBe(operator);
    },
  );

  it.each<[string, NodeSpec[]]>([
    [
      'a shape that was negated, as layer normalization expands to',
      [node('Neg', ['one'], 'n'), node('Neg', ['n'], 's'), node('ConstantOfShape', ['s'], 'y')],
    ],
    ['a mask', [node('Expand', ['one', 'large'], 'y')]],
    ['scales of an image', [node('Resize', ['x', '', 'one'], 'y')]],
    ['rows looked up in a table', [node('Expand', ['one', 'large'], 't'), node('Gather', ['t', 't'], 'y')]],
    ['tensors of one shape', [node('Expand', ['one', 'large'], 't'), node('Mul', ['t', 't'], 'y')]],
    ['an operator that reduces', [node('Expand', ['one', 'large'], 't'), node('TopK', ['t', 't'], 'y')]],
  ])('passes %s', (_, nodes) => {
    expect(growthOf(nodes)).toBeUndefined();
  });
});

/** A tensor of integers as it is, element by element. */
interface Whole {
  readonly dims: readonly number[];
  readonly at: (index: readonly number[]) => number;
}

const size = fc.integer({ min: 1, max: 3 });
const shape = fc.array(size, { minLength: 1, maxLength: 3 });

function elementsOf({ dims, at }: Whole): number[] {
  const indices = dims.reduce<number[][]>(
    (all, count) => all.flatMap((index) => Array.from({ length: count }, (_, each) => [...index, each])),
    [[]],
  );
  return indices.map(at);
}

function wholeOf(dims: readonly number[], seed: number): Whole {
  return { dims, at: (index) => index.reduce((sum, each) => 3 * sum + each, seed) };
}

function constantOf(whole: Whole): Constant {
  const elements = elementsOf(whole);
  const integers = elements.length <= 16 && whole.dims.length <= 1 ? elements : undefined;
  return { elements: elements.length, exact: true, dims: whole.dims, elementBytes: 8, integers };
}

const vector = (values: readonly number[]): Whole => ({
  dims: [values.length],
  at: ([index = 0]) => values[index] ?? NaN,
});

/** The index into an operand that is broadcast. */
function within(dims: readonly number[], index: readonly number[]): number[] {
  return dims.map((count, axis) => (count === 1 ? 0 : (index[index.length - dims.length + axis] ?? 0)));
}

/** Every size is the greatest that any operand has there. */
function together(left: readonly number[], right: readonly number[]): number[] {
  const rank = Math.max(left.length, right.length);
  const at = (dims: readonly number[], axis: number) => dims[axis - rank + dims.length] ?? 1;
  return Array.from({ length: rank }, (_, axis) => Math.max(at(left, axis), at(right, axis)));
}

/** Operators with operands that fit, and what they give, computed element by element. */
const applied = fc.oneof(
  fc.tuple(shape, fc.nat(9), fc.infiniteStream(size)).map(([dims, seed, sizes]) => {
    const data = wholeOf(dims, seed);
    const repeats = dims.map(() => sizes.next().value as number);
    const result: Whole = {
      dims: dims.map((count, axis) => count * (repeats[axis] ?? 1)),
      at: (index) => data.at(index.map((each, axis) => each % (dims[axis] ?? 1))),
    };
    return { operator: 'Tile', inputs: [data, vector(repeats)], result };
  }),
  fc.tuple(shape, fc.nat(9), fc.infiniteStream(fc.boolean())).map(([dims, seed, flags]) => {
    const data = wholeOf(
      dims.map((count) => (flags.next().value === true ? count : 1)),
      seed,
    );
    const result: Whole = {
      dims: together(data.dims, dims),
      at: (index) => data.at(within(data.dims, index)),
    };
    return { operator: 'Expand', inputs: [data, vector(dims)], result };
  }),
  fc.tuple(shape, fc.nat(9), fc.nat(9), fc.infiniteStream(fc.boolean())).map(([dims, one, other, flags]) => {
    const narrowed = () => dims.map((count) => (flags.next().value === true ? count : 1));
    const [left, right] = [wholeOf(narrowed(), one), wholeOf(narrowed().slice(-2), other)];
    const result: Whole = {
      dims: together(left.dims, right.dims),
      at: (index) => left.at(within(left.dims, index)) * right.at(within(right.dims, index)),
    };
    return { operator: 'Mul', inputs: [left, right], result };
  }),
  fc
    .tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -9, max: 9 }), size)
    .map(([start, limit, delta]) => {
      const values: number[] = [];
      for (let value = start; value < limit; value += delta) values.push(value);
      const scalar = (value: number): Whole => ({ dims: [], at: () => value });
      const inputs = [scalar(start), scalar(limit), scalar(delta)];
      return { operator: 'Range', inputs, result: vector(values) };
    }),
  fc
    .tuple(fc.array(fc.nat(9), { maxLength: 4 }), fc.array(fc.nat(9), { maxLength: 4 }))
    .map(([left, right]) => ({
      operator: 'Concat',
      inputs: [vector(left), vector(right)],
      result: vector([...left, ...right]),
    })),
  fc.tuple(fc.array(size, { minLength: 1, maxLength: 4 }), shape, fc.nat(3)).map(([table, dims, seed]) => {
    const indices: Whole = { dims, at: (index) => wholeOf(dims, seed).at(index) % table.length };
    const result: Whole = { dims, at: (index) => table[indices.at(index)] ?? NaN };
    return { operator: 'Gather', inputs: [vector(table), indices], result };
  }),
);

describe('shapeOf and valuesOf', () => {
  it('say of every operator the shape that it gives, and its elements where they are a few', () => {
    fc.assert(
      fc.property(applied, ({ operator, inputs, result }) => {
        const attributes = [{ name: 'axis', tensor: undefined, integer: 0, integers: [] }];
        const facts = { domain: '', operator, inputs: inputs.map(String), outputs: ['y'], attributes };
        const constants = inputs.map(constantOf);
        expect(shapeOf(facts, constants)).toEqual(result.dims);
        const values = valuesOf(facts, constants, product(result.dims));
        const vectors = inputs.every(({ dims }) => dims.length <= 1);
        if (values !== undefined) expect(values).toEqual(elementsOf(result));
        else expect(vectors && result.dims.length <= 1 && product(result.dims) <= 1).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
