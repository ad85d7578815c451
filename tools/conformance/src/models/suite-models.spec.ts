import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { inspectModel } from '@plumbline/onnx';
import { temporaryDirectory } from '@plumbline/testing';
import type { SuiteModel, SuiteTensor } from './suite-model.ts';
import { suiteModels } from './suite-models.ts';
import { configText, writeRepository } from './write-repository.ts';

const MODELS = suiteModels();

/** The shape that the model file has for a declared tensor. */
const shapeOf = ({ maxBatchSize }: SuiteModel, { dims }: SuiteTensor) =>
  maxBatchSize > 0 ? [-1, ...dims] : [...dims];

describe('the models of the suite', () => {
  it.each(MODELS)('$name is what its configuration says', (model) => {
    for (const bytes of model.versions) {
      const { inputs, outputs, operators } = inspectModel(bytes);
      const declared = (tensors: readonly SuiteTensor[]) =>
        tensors.map((tensor) => ({
          kind: 'tensor',
          name: tensor.name,
          datatype: tensor.datatype,
          shape: shapeOf(model, tensor),
        }));
      expect(inputs).toEqual(declared(model.inputs));
      expect(outputs).toEqual(declared(model.outputs));
      expect(operators.filter((operator) => operator.includes(':'))).toEqual([]);
    }
  });

  it('have names of their own', () => {
    expect(new Set(MODELS.map(({ name }) => name)).size).toBe(MODELS.length);
  });

  it('are laid out as Triton has its repositories', async () => {
    const folder = await temporaryDirectory();
    writeRepository(folder, MODELS);
    expect(readdirSync(folder).sort()).toEqual(MODELS.map(({ name }) => name).sort());
    expect(readdirSync(join(folder, 'versioned')).sort()).toEqual(['1', '2', 'config.pbtxt']);
    expect(readdirSync(join(folder, 'versioned/2'))).toEqual(['model.onnx']);
    expect(readFileSync(join(folder, 'labelled/OUTPUT0_labels.txt'), 'utf8')).toBe(
      'north\neast\nsouth\nwest\n',
    );
  });

  it('are configured in text format', () => {
    const labelled = MODELS.find(({ name }) => name === 'labelled')!;
    expect(configText(labelled)).toBe(
      [
        'name: "labelled"',
        'platform: "onnxruntime_onnx"',
        'max_batch_size: 8',
        'input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ 4 ] } ]',
        'output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ 4 ] label_filename: "OUTPUT0_labels.txt" } ]',
        '',
      ].join('\n'),
    );
  });
});
