import { convolution } from './convolution.ts';
import { floatRows, modelBytes } from './graph.ts';
import { GraphBuilder } from './graph-builder.ts';

export const CHANNELS = 3;
export const SIDE = 224;
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
  const graph = new GraphBuilder(seed);
  let channels: number = CHANNELS;
  let maps = imageOf(graph);
  for (const layer of LAYERS) {
    maps = graph.apply('Relu', [convolution(graph, maps, { channels, ...layer })]);
    channels = layer.filters;
  }
  classify(graph, maps, channels, CLASSES);
  return modelBytes({
    name: 'image-classifier',
    node: graph.nodes,
    initializer: graph.constants,
    input: [floatRows('x', IMAGE_FEATURES)],
    output: [floatRows('y', CLASSES)],
  });
}

/** The rows of x [N, 150528] as images [N, 3, 224, 224]. */
export function imageOf(graph: GraphBuilder): string {
  return graph.apply('Reshape', ['x', graph.integers([0, CHANNELS, SIDE, SIDE])]);
}

/** The average of each map [N, channels, H, W] and one dense layer, to y [N, classes]. */
export function classify(graph: GraphBuilder, maps: string, channels: number, classes: number): void {
  const averages = graph.apply('Flatten', [graph.apply('GlobalAveragePool', [maps])]);
  const weights = graph.weights([channels, classes], Math.sqrt(3 / channels));
  graph.apply('Gemm', [averages, weights, graph.weights([classes], 0.1)], [], 'y');
}
