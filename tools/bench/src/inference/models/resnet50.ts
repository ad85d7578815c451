import { convolution } from './convolution.ts';
import { floatRows, modelBytes } from './graph.ts';
import { GraphBuilder, integers } from './graph-builder.ts';
import { CHANNELS, IMAGE_FEATURES, classify, imageOf } from './image-classifier.ts';

const CLASSES = 1_000;
const STEM_FILTERS = 64;
/** Bottlenecks of each stage; their width doubles from stage to stage, and the image halves. */
const STAGES = [3, 4, 6, 3];
/** Filters that a bottleneck ends with, over its width. */
const EXPANSION = 4;
/** Keeps the values' magnitude through a ReLU, which drops half of them. */
const OVER_RELU = Math.SQRT2;
/** What a bottleneck adds to its trunk; little, so that sixteen of them do not blow up the values. */
const RESIDUAL = 0.5;

interface Bottleneck {
  /** Channels of the trunk that it takes. */
  readonly channels: number;
  readonly width: number;
  readonly stride: number;
}

/**
 * ResNet-50 (v1.5: the 3 × 3 convolutions have the strides) as it is exported for inference, with every batch
 * normalisation folded into the convolution before it: 53 convolutions, 25.6 million random weights. x FP32
 * [N, 150528], an image by colours, rows and columns, to y FP32 [N, 1000].
 */
export function resnet50(seed: number): Uint8Array {
  const graph = new GraphBuilder(seed);
  let trunk = stem(graph);
  let channels = STEM_FILTERS;
  for (const [stage, blocks] of STAGES.entries()) {
    const width = STEM_FILTERS * 2 ** stage;
    for (let block = 0; block < blocks; block += 1) {
      trunk = bottleneck(graph, trunk, { channels, width, stride: stage > 0 && block === 0 ? 2 : 1 });
      channels = EXPANSION * width;
    }
  }
  classify(graph, trunk, channels, CLASSES);
  return modelBytes({
    name: 'resnet-50',
    node: graph.nodes,
    initializer: graph.constants,
    input: [floatRows('x', IMAGE_FEATURES)],
    output: [floatRows('y', CLASSES)],
  });
}

function stem(graph: GraphBuilder): string {
  const layer = { channels: CHANNELS, filters: STEM_FILTERS, kernel: 7, stride: 2 };
  const maps = graph.apply('Relu', [convolution(graph, imageOf(graph), layer)]);
  const pooling = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
  const attribute = Object.entries(pooling).map(([name, values]) => integers(name, values));
  return graph.apply('MaxPool', [maps], attribute);
}

function bottleneck(graph: GraphBuilder, trunk: string, { channels, width, stride }: Bottleneck): string {
  const filters = EXPANSION * width;
  const relu = (input: string): string => graph.apply('Relu', [input]);
  const point = { kernel: 1, stride: 1 };
  const narrow = { ...point, channels, filters: width, gain: OVER_RELU };
  const square = { channels: width, filters: width, kernel: 3, stride, gain: OVER_RELU };
  const narrowed = relu(convolution(graph, trunk, narrow));
  const filtered = relu(convolution(graph, narrowed, square));
  const widened = convolution(graph, filtered, { ...point, channels: width, filters, gain: RESIDUAL });
  const projection = { channels, filters, kernel: 1, stride };
  const shortcut = channels === filters ? trunk : convolution(graph, trunk, projection);
  return relu(graph.apply('Add', [widened, shortcut]));
}
