import {
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType,
} from '@plumbline/contract-onnx';
import { denseLayers, type DenseLayer } from './dense-layers.ts';
import { floatConstant, floatRows, int8Constant, modelBytes, type Constant, type Node } from './graph.ts';

const LARGEST_INT8 = 127;
const TO_FLOAT = { name: 'to', type: AttributeType.INT, i: BigInt(TensorProto_DataType.FLOAT) };

/**
 * The perceptron of the same sizes and seed, quantised dynamically: int8 weights with one scale per layer, activations
 * quantised to uint8 at run time by the range of the whole batch. A row's answer therefore depends on its neighbours.
 */
export function int8Perceptron(sizes: readonly number[], seed: number): Uint8Array {
  const layers = denseLayers(sizes, seed);
  return modelBytes({
    name: 'int8-perceptron',
    node: layers.flatMap((_, index) => nodesOf(index, index === layers.length - 1)),
    initializer: layers.flatMap(constantsOf),
    input: [floatRows('x', sizes[0] as number)],
    output: [floatRows('y', sizes.at(-1) as number)],
  });
}

function nodesOf(index: number, isLast: boolean): Node[] {
  const x = index === 0 ? 'x' : `activated${index - 1}`;
  const own = (name: string) => `${name}${index}`;
  const quantised = [own('codes'), own('scale'), own('zero')];
  const sum = isLast ? 'y' : own('sum');
  const nodes: Node[] = [
    { opType: 'DynamicQuantizeLinear', input: [x], output: quantised },
    { opType: 'MatMulInteger', input: [own('codes'), own('weights'), own('zero')], output: [own('product')] },
    { opType: 'Cast', input: [own('product')], output: [own('float')], attribute: [TO_FLOAT] },
    { opType: 'Mul', input: [own('scale'), own('weightScale')], output: [own('unit')] },
    { opType: 'Mul', input: [own('float'), own('unit')], output: [own('scaled')] },
    { opType: 'Add', input: [own('scaled'), own('biases')], output: [sum] },
  ];
  return isLast ? nodes : [...nodes, { opType: 'Relu', input: [sum], output: [own('activated')] }];
}

function constantsOf({ inputs, outputs, weights, biases }: DenseLayer, index: number): Constant[] {
  const scale = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0) / LARGEST_INT8;
  const codes = Int8Array.from(weights, (weight) => Math.round(weight / scale));
  return [
    int8Constant(`weights${index}`, [inputs, outputs], codes),
    floatConstant(`weightScale${index}`, [], Float32Array.of(scale)),
    floatConstant(`biases${index}`, [outputs], biases),
  ];
}
