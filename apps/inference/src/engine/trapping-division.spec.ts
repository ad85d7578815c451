import { describe, expect, it } from '@jest/globals';
import { buildModel, type NodeSpec, type TensorInfo } from '@plumbline/onnx';
import { scanModel } from './scan-model.ts';

const input = (name: string, datatype: string): TensorInfo => ({ name, datatype, shape: [-1] });
const node = (operator: string, inputs: string[], output: string, attributes = {}): NodeSpec => ({
  operator,
  inputs,
  outputs: [output],
  attributes,
});
const INTEGERS = [input('a', 'INT64'), input('b', 'INT64'), input('f', 'FP32'), input('s', 'INT8')];

const cast = (from: string, to: string, type: number) => node('Cast', [from], to, { to: { int: type } });

/** @param divisor the constant `c`. */
function trapOf(nodes: readonly NodeSpec[], divisor = 2): string | undefined {
  const model = buildModel({
    name: 'division',
    producer: { name: 'plumbline-test', version: '' },
    inputs: INTEGERS,
    outputs: [input('y', 'INT64')],
    nodes,
    constants: [{ name: 'c', values: [divisor] }],
  });
  return scanModel(model, { maxNodes: 100 }).trap;
}

describe('scanModel, of integer divisions', () => {
  it.each<[string, NodeSpec[]]>([
    ['both integers of a request', [node('Div', ['a', 'b'], 'y')]],
    ['a remainder', [node('Mod', ['a', 'b'], 'y')]],
    ['integers made of floats', [cast('f', 'i', 7), node('Div', ['i', 'i'], 'y')]],
    [
      'an integer by a size, which may have been subtracted from',
      [node('Shape', ['a'], 'n'), node('Sub', ['n', 'b'], 'd'), node('Div', ['b', 'd'], 'y')],
    ],
    [
      '32-bit integers of a quantised product',
      [node('MatMulInteger', ['s', 's'], 'p'), node('Div', ['p', 'p'], 'y')],
    ],
    ['the result of a nested graph', [node('If', ['f'], 'i'), node('Div', ['i', 'b'], 'y')]],
  ])('finds %s', (_, nodes) => {
    expect(trapOf(nodes)).toBe(nodes.at(-1)?.operator);
  });

  const LOWEST = -(2 ** 63);
  const whole = (name: string, value: number) => node('Constant', [], name, { value_int: { int: value } });
  it.each<[string, NodeSpec[]]>([
    [
      'a constant by another, which the engine computes while it opens the model',
      [whole('l', LOWEST), whole('m', -1), node('Div', ['l', 'm'], 'y')],
    ],
    [
      'what follows from constants',
      [
        whole('l', -(2 ** 62)),
        whole('m', 1),
        node('Add', ['l', 'l'], 'd'),
        node('Neg', ['m'], 'n'),
        node('Div', ['d', 'n'], 'y'),
      ],
    ],
    ['a constant by an integer of a request', [whole('l', LOWEST), node('Div', ['l', 'a'], 'y')]],
    [
      'a product of sizes that does not fit',
      [
        whole('l', -(2 ** 40)),
        node('Shape', ['a'], 's'),
        node('Mul', ['s', 'l'], 'd'),
        node('Div', ['d', 'a'], 'y'),
      ],
    ],
    [
      'a size that is made narrower and added to',
      [
        node('Shape', ['a'], 's'),
        cast('s', 'i', 6),
        node('Add', ['i', 'i'], 'd'),
        node('Div', ['d', 'i'], 'y'),
      ],
    ],
  ])('finds %s', (_, nodes) => {
    expect(trapOf(nodes)).toBe('Div');
  });

  it.each<[string, NodeSpec[]]>([
    ['a modest constant by an integer of a request', [whole('l', 1000), node('Div', ['l', 'a'], 'y')]],
    [
      'products of two sizes',
      [node('Shape', ['a'], 's'), node('Mul', ['s', 's'], 'd'), node('Div', ['d', 's'], 'y')],
    ],
    [
      'sizes that were picked, added to and made narrower',
      [
        node('Shape', ['a'], 's'),
        node('Gather', ['s', 'c'], 'g'),
        cast('g', 'i', 6),
        node('Div', ['i', 'i'], 'y'),
      ],
    ],
  ])('passes %s', (_, nodes) => {
    expect(trapOf(nodes)).toBeUndefined();
  });

  it('finds a division by a constant of −1, and by none other', () => {
    const nodes = [node('Div', ['a', 'c'], 'y')];
    expect(trapOf(nodes, -1)).toBe('Div');
    expect(trapOf(nodes, 3)).toBeUndefined();
    const constant = (value: number) => [
      node('Constant', [], 'k', { value_int: { int: value } }),
      node('Div', ['a', 'k'], 'y'),
    ];
    expect(trapOf(constant(-1))).toBe('Div');
    expect(trapOf(constant(8))).toBeUndefined();
  });

  it.each<[string, NodeSpec[]]>([
    ['floats', [node('Sqrt', ['f'], 'r'), node('Div', ['f', 'r'], 'y')]],
    ['floats made of integers', [cast('a', 'x', 1), node('Div', ['x', 'x'], 'y')]],
    ['narrow integers', [node('Div', ['s', 's'], 'y')]],
    [
      'floats that were looked up by integers',
      [node('Gather', ['f', 'a'], 'e'), node('Div', ['e', 'e'], 'y')],
    ],
    ['floats that were quantised', [node('DequantizeLinear', ['s', 'f'], 'q'), node('Div', ['q', 'q'], 'y')]],
    ['sizes', [node('Shape', ['a'], 'n'), node('Shape', ['b'], 'm'), node('Div', ['n', 'm'], 'y')]],
    ['remainders as the C library defines them', [node('Mod', ['a', 'b'], 'y', { fmod: { int: 1 } })]],
  ])('passes %s', (_, nodes) => {
    expect(trapOf(nodes)).toBeUndefined();
  });
});
