import { seededRandom, uniformFloats } from '../../statistics/random.ts';

/** One fully connected layer: weights row-major [inputs, outputs], biases [outputs]. */
export interface DenseLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array<ArrayBuffer>;
  readonly biases: Float32Array<ArrayBuffer>;
}

/** Random layers between the sizes; weights shrink with the width, so that values keep their magnitude. */
export function denseLayers(sizes: readonly number[], seed: number): DenseLayer[] {
  const random = seededRandom(seed);
  return sizes.slice(1).map((outputs, index) => {
    const inputs = sizes[index] as number;
    return {
      inputs,
      outputs,
      weights: uniformFloats(inputs * outputs, Math.sqrt(3 / inputs), random),
      biases: uniformFloats(outputs, 0.1, random),
    };
  });
}
