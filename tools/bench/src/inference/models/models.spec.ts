import { describe, expect, it } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from '@plumbline/contract-onnx';
import { inspectModel } from '@plumbline/onnx';
import { boostedTrees } from './boosted-trees.ts';
import { IMAGE_FEATURES, imageClassifier } from './image-classifier.ts';
import { int8Perceptron } from './int8-perceptron.ts';
import { perceptron } from './perceptron.ts';
import { resnet50 } from './resnet50.ts';
import { transformer } from './transformer.ts';

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

  it('hold ResNet-50: four stages of 3, 4, 6 and 3 bottlenecks with 25.6 million weights', () => {
    const bytes = resnet50(1);
    const model = inspectModel(bytes);
    expect(model).toMatchObject({ inputs: [rows('x', IMAGE_FEATURES)], outputs: [rows('y', 1_000)] });
    const { node = [], initializer = [] } = fromBinary(ModelProtoSchema, bytes).graph ?? {};
    const count = (operator: string) => node.filter(({ opType }) => opType === operator).length;
    expect({
      Conv: count('Conv'),
      Add: count('Add'),
      Relu: count('Relu'),
      MaxPool: count('MaxPool'),
    }).toEqual({ Conv: 53, Add: 16, Relu: 49, MaxPool: 1 });
    const weights = initializer.map(({ rawData }) => rawData.length / 4).reduce((sum, n) => sum + n, 0);
    expect(weights).toBe(25_530_472);
  });

  it('hold a transformer of six layers over tokens', () => {
    const model = inspectModel(transformer(1));
    expect(model).toMatchObject({ inputs: [rows('x', 128, 'INT64')], outputs: [rows('y', 384)] });
    expect(model.operators).toEqual(
      expect.arrayContaining(['Gather', 'LayerNormalization', 'Softmax', 'Erf']),
    );
  });

  it('are the same for the same seed, and others for another', () => {
    for (const build of [
      (seed: number) => perceptron([4, 2], seed),
      (seed: number) => int8Perceptron([4, 2], seed),
      (seed: number) => boostedTrees(2, 2, 4, seed),
      imageClassifier,
    ]) {
      const bytes = Buffer.from(build(1));
      // Not by toEqual, which takes minutes for millions of weights.
      expect(bytes.equals(build(1))).toBe(true);
      expect(bytes.equals(build(2))).toBe(false);
    }
  });
});
