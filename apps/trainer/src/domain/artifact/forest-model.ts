import { buildModel, elementTypeOf, treeEnsembleClassifier, type TensorInfo } from '@plumbline/onnx';
import type { Forest } from '../boosting/forest.ts';

/** The one output: P(label is true), float32 [N, 1]. */
export const PROBABILITY: TensorInfo = { name: 'probability', datatype: 'FP32', shape: [-1, 1] };

const COLUMN = [-1, 1];

/** An input of shape [N, 1]; its OIP datatype is numeric. */
export type ForestInput = Pick<TensorInfo, 'name' | 'datatype'>;

const PRODUCER = { name: 'plumbline-trainer', version: '1' };

/**
 * A forest as an ONNX model with its preprocessing inside: each input is cast to float32 and takes its column's
 * place, in the order of `inputs`. NaN stands for a missing value. Equal forests give equal bytes.
 */
export function forestModel(forest: Forest, inputs: readonly ForestInput[]): Uint8Array {
  if (inputs.length !== forest.columns.length) {
    throw new RangeError(`${inputs.length} inputs for ${forest.columns.length} columns`);
  }
  const names = { features: 'features', label: 'label', probabilities: 'probabilities' };
  return buildModel({
    name: 'boosted_trees',
    producer: PRODUCER,
    inputs: inputs.map(({ name, datatype }) => ({ name, datatype, shape: COLUMN })),
    outputs: [PROBABILITY],
    nodes: [
      ...inputs.map(({ name }) => castToFloat(name)),
      {
        operator: 'Concat',
        inputs: inputs.map(({ name }) => castName(name)),
        outputs: [names.features],
        attributes: { axis: { int: 1 } },
      },
      treeEnsembleClassifier(forest, names),
      {
        operator: 'Gather',
        inputs: [names.probabilities, 'positive_class'],
        outputs: [PROBABILITY.name],
        attributes: { axis: { int: 1 } },
      },
    ],
    constants: [{ name: 'positive_class', values: [1] }],
  });
}

/** A colon occurs in no input's name, so casts never collide with inputs or with the graph's own values. */
const castName = (input: string): string => `${input}:float`;

const castToFloat = (input: string) => ({
  operator: 'Cast',
  inputs: [input],
  outputs: [castName(input)],
  attributes: { to: { int: elementTypeOf('FP32') } },
});
