import { AttributeProto_AttributeType as AttributeType } from '@plumbline/contract-onnx';
import { seededRandom, uniformFloats, type Random } from '../../statistics/random.ts';
import { floatConstant, floatRows, int64Constant, modelBytes, type Constant, type Node } from './graph.ts';

const CHANNELS = 3;
const SIDE = 224;
const CLASSES = 10;
/** Filters of each convolution, its kernel's side and its stride. */
const LAYERS = [
  { filters: 16, kernel: 7, stride: 4 },
  { filters: 32, kernel: 3, stride: 2 },
  { filters: 64, kernel: 3, stride: 2 },
] as const;

/** Floats of one image of 224 by 224 in three colours: what ResNet takes. */
export const IMAGE_FEATURES = CHANNELS * SIDE * SIDE;

/**
 * Three convolutions with ReLU, the average over the image and one dense layer, with random weights. Cheap to run, wide
 * to send: x FP32 [N, 150528], an image by colours, rows and columns, to y FP32 [N, 10].
 */
export function imageClassifier(seed: number): Uint8Array {
  const random = seededRandom(seed);
  const last = LAYERS[LAYERS.length - 1]?.filters ?? CHANNELS;
  return modelBytes({
    name: 'image-classifier',
    node: [
      { opType: 'Reshape', input: ['x', 'image'], output: ['activated0'] },
      ...LAYERS.flatMap(nodesOf),
      { opType: 'GlobalAveragePool', input: [`activated${LAYERS.length}`], output: ['pooled'] },
      { opType: 'Flatten', input: ['pooled'], output: ['flat'] },
      { opType: 'Gemm', input: ['flat', 'weights', 'biases'], output: ['y'] },
    ],
    initializer: [
      int64Constant('image', [0, CHANNELS, SIDE, SIDE]),
      ...LAYERS.map((_, index) => kernelsOf(index, random)),
      floatConstant('weights', [last, CLASSES], uniformFloats(last * CLASSES, 1, random)),
      floatConstant('biases', [CLASSES], uniformFloats(CLASSES, 1, random)),
    ],
    input: [floatRows('x', IMAGE_FEATURES)],
    output: [floatRows('y', CLASSES)],
  });
}

function nodesOf({ kernel, stride }: (typeof LAYERS)[number], index: number): Node[] {
  const pad = (kernel - 1) / 2;
  const attribute = [integers('strides', [stride, stride]), integers('pads', [pad, pad, pad, pad])];
  const sum = `sum${index + 1}`;
  return [
    { opType: 'Conv', input: [`activated${index}`, `kernels${index}`], output: [sum], attribute },
    { opType: 'Relu', input: [sum], output: [`activated${index + 1}`] },
  ];
}

function kernelsOf(index: number, random: Random): Constant {
  const { filters, kernel } = LAYERS[index] as (typeof LAYERS)[number];
  const channels = LAYERS[index - 1]?.filters ?? CHANNELS;
  const weights = channels * kernel * kernel;
  const values = uniformFloats(filters * weights, Math.sqrt(3 / weights), random);
  return floatConstant(`kernels${index}`, [filters, channels, kernel, kernel], values);
}

const integers = (name: string, values: readonly number[]) => ({
  name,
  type: AttributeType.INTS,
  ints: values.map(BigInt),
});
