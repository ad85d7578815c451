import { denseLayers, type DenseLayer } from './dense-layers.ts';
import { floatConstant, floatRows, modelBytes, type Node } from './graph.ts';

/**
 * A multilayer perceptron in FP32 with ReLU between its layers and random weights: x [N, sizes[0]] to y [N, last size].
 */
export function perceptron(sizes: readonly number[], seed: number): Uint8Array {
  const layers = denseLayers(sizes, seed);
  return modelBytes({
    name: 'perceptron',
    node: layers.flatMap((_, index) => nodesOf(index, index === layers.length - 1)),
    initializer: layers.flatMap(constantsOf),
    input: [floatRows('x', sizes[0] as number)],
    output: [floatRows('y', sizes.at(-1) as number)],
  });
}

function nodesOf(index: number, isLast: boolean): Node[] {
  const input = [index === 0 ? 'x' : `activated${index - 1}`, `weights${index}`, `biases${index}`];
  if (isLast) return [{ opType: 'Gemm', input, output: ['y'] }];
  return [
    { opType: 'Gemm', input, output: [`sum${index}`] },
    { opType: 'Relu', input: [`sum${index}`], output: [`activated${index}`] },
  ];
}

function constantsOf({ inputs, outputs, weights, biases }: DenseLayer, index: number) {
  return [
    floatConstant(`weights${index}`, [inputs, outputs], weights),
    floatConstant(`biases${index}`, [outputs], biases),
  ];
}
