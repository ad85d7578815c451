import { describe, expect, it } from '@jest/globals';
import { inspectModel } from '@plumbline/onnx';
import { boostedTrees } from './boosted-trees.ts';
import { IMAGE_FEATURES, imageClassifier } from './image-classifier.ts';
import { int8Perceptron } from './int8-perceptron.ts';
import { perceptron } from './perceptron.ts';

const rows = (name: string, width: number, datatype = 'FP32') => ({
  kind: 'tensor',
  name,
  datatype,
  shape: [-1, width],
});

describe('the models of the benchmark', () => {
  it('hold a perceptron of three layers', () => {
    const model = inspectModel(perceptron([32, 64, 64, 1], 1));
    expect(model).toMatchObject({ inputs: [rows('x', 32)], outputs: [rows('y', 1)] });
    expect(model.operators).toEqual(['Gemm', 'Relu']);
  });

  it('hold its dynamically quantised kin', () => {
    const model = inspectModel(int8Perceptron([32, 64, 64, 1], 1));
    expect(model).toMatchObject({ inputs: [rows('x', 32)], outputs: [rows('y', 1)] });
    expect(model.operators).toContain('MatMulInteger');
  });

  it('hold an ensemble of trees', () => {
    const model = inspectModel(boostedTrees(3, 2, 8, 1));
    expect(model.inputs).toEqual([rows('x', 8)]);
    expect(model.outputs).toEqual([
      { kind: 'tensor', name: 'label', datatype: 'INT64', shape: [-1] },
      rows('probabilities', 2),
    ]);
  });

  it('hold a network of convolutions over images', () => {
    const model = inspectModel(imageClassifier(1));
    expect(model).toMatchObject({ inputs: [rows('x', IMAGE_FEATURES)], outputs: [rows('y', 10)] });
    expect(model.operators).toContain('Conv');
  });

  it('are the same for the same seed, and others for another', () => {
    for (const build of [
      (seed: number) => perceptron([4, 2], seed),
      (seed: number) => int8Perceptron([4, 2], seed),
      (seed: number) => boostedTrees(2, 2, 4, seed),
      imageClassifier,
    ]) {
      expect(build(1)).toEqual(build(1));
      expect(build(1)).not.toEqual(build(2));
    }
  });
});
