import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { buildModel, type NodeSpec } from '@plumbline/onnx';
import { growingModel, loopModel } from '../../test/models.ts';
import { inlineExternalData } from './external-data.ts';
import { scanModel } from './scan-model.ts';

const EXPORTS = new URL('../../test/exports/', import.meta.url);
const node = (operator: string, inputs: string[], output: string, attributes = {}): NodeSpec => ({
  operator,
  inputs,
  outputs: [output],
  attributes,
});

function growthOf(nodes: readonly NodeSpec[]): string | undefined {
  const tensor = (name: string, datatype: string) => ({ name, datatype, shape: [-1, 2] });
  const model = buildModel({
    name: 'sizes',
    producer: { name: 'plumbline-test', version: '' },
    inputs: [tensor('x', 'FP32'), tensor('ids', 'INT64')],
    outputs: [tensor('y', 'FP32')],
    nodes,
    constants: [
      { name: 'c', values: [1, 2] },
      { name: 'endless', values: [2 ** 53 - 1] },
    ],
  });
  return scanModel(model, { maxNodes: 100 }).growth;
}

describe('scanModel, of sizes that a request decides on', () => {
  it.each([
    ['ConstantOfShape', ['ids']],
    ['Expand', ['x', 'ids']],
    ['Tile', ['x', 'ids']],
    ['Range', ['c', 'ids', 'c']],
    ['Pad', ['x', 'ids']],
    ['Resize', ['x', '', '', 'ids']],
    ['OneHot', ['c', 'ids', 'c']],
  ])('finds %s', (operator, inputs) => {
    expect(growthOf([node(operator, inputs, 'y')])).toBe(operator);
  });

  it('finds sizes that were computed from elements', () => {
    expect(scanModel(growingModel(), { maxNodes: 100 }).growth).toBe('ConstantOfShape');
  });

  it.each<[string, NodeSpec[]]>([
    ['enlarge', [node('Concat', ['x', 'x'], 'z', { axis: { int: 0 } }), node('Loop', ['ids', '', 'z'], 'y')]],
    [
      'enlarge until they are told to end',
      [node('Tile', ['x', 'c'], 'z'), node('Loop', ['', 'f', 'z'], 'y')],
    ],
    [
      'enlarge for longer than anybody waits',
      [node('Concat', ['x', 'x'], 'z', { axis: { int: 0 } }), node('Loop', ['endless', '', 'z'], 'y')],
    ],
    ['collect', [{ ...node('Loop', ['ids', '', 'x'], 'y'), outputs: ['y', 'all'] }]],
  ])('finds loops that %s', (_, nodes) => {
    expect(growthOf(nodes)).toBe('Loop');
  });

  it('passes loops that only keep what they have, and those whose turns are a few', () => {
    expect(scanModel(loopModel(), { maxNodes: 100 }).growth).toBeUndefined();
    const turns = [node('Concat', ['x', 'x'], 'z', { axis: { int: 0 } }), node('Loop', ['c', '', 'z'], 'y')];
    expect(growthOf(turns)).toBeUndefined();
  });

  it.each<[string, NodeSpec[]]>([
    ['a constant size', [node('Tile', ['x', 'c'], 'y')]],
    ['elements that are looked up, not sizes', [node('OneHot', ['ids', 'c', 'c'], 'y')]],
    ['an input that is left out', [node('Resize', ['x', '', 'c'], 'y')]],
    [
      'the expansion to a shape with placeholders, as PyTorch exports it',
      [
        node('Shape', ['x'], 's'),
        node('ConstantOfShape', ['c'], 'ones'),
        node('Mul', ['ones', 'c'], 'minus'),
        node('Equal', ['s', 'minus'], 'open'),
        node('Where', ['open', 'ones', 's'], 'size'),
        node('Expand', ['x', 'size'], 'e'),
        node('Reshape', ['e', 'size'], 'y'),
      ],
    ],
    [
      'the positions of a sequence, as transformers have them',
      [
        node('Shape', ['ids'], 's'),
        node('Gather', ['s', 'c'], 'length'),
        node('Range', ['c', 'length', 'c'], 'positions'),
        node('Expand', ['positions', 's'], 'y'),
      ],
    ],
  ])('passes %s', (_, nodes) => {
    expect(growthOf(nodes)).toBeUndefined();
  });

  it('passes every stock export', () => {
    const files = readdirSync(EXPORTS).filter((name) => name.endsWith('.onnx'));
    expect(files.length).toBeGreaterThan(5);
    for (const name of files) {
      const contentOf = (file: string) => readFileSync(new URL(file, EXPORTS));
      const model = Buffer.concat(inlineExternalData(contentOf(name), contentOf));
      expect([name, scanModel(model, { maxNodes: 100_000 })]).toEqual([
        name,
        { trap: undefined, growth: undefined },
      ]);
    }
  });
});
