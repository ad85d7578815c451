import type { RowShape } from './input-values.ts';
import { boostedTrees } from './models/boosted-trees.ts';
import { IMAGE_FEATURES, imageClassifier } from './models/image-classifier.ts';
import { int8Perceptron } from './models/int8-perceptron.ts';
import { perceptron } from './models/perceptron.ts';
import { resnet50 } from './models/resnet50.ts';
import { SEQUENCE_TOKENS, VOCABULARY, transformer } from './models/transformer.ts';

/** A model that a server is measured with. Its one input is x: FP32, or INT64 of tokens, [N, features]. */
export interface BenchmarkModel extends RowShape {
  /** Its name on the server. */
  readonly name: string;
  readonly title: string;
  /** Most rows that the server may gather; 1 turns batching off. */
  readonly maxBatchRows: number;
  /** Runs in a process of its own, where the server knows of that. */
  readonly untrusted?: true;
  /** The same seed, the same bytes. */
  readonly bytes: (seed?: number) => Uint8Array;
}

const SMALL = [32, 64, 64, 1] as const;
const LARGE = [256, 1_024, 1_024, 512, 10] as const;
/** 51 million weights between two layers: 206 MB. */
const HEAVY = [32, 7_168, 7_168, 1] as const;

/** A perceptron by its sizes; `build` is what makes its bytes. */
function perceptronModel(
  name: string,
  sizes: readonly [number, ...number[]],
  own: { readonly maxBatchRows: number; readonly seed: number },
  build: typeof perceptron = perceptron,
): BenchmarkModel {
  return {
    name,
    title: `${sizes.join('-')} perceptron`,
    features: sizes[0],
    maxBatchRows: own.maxBatchRows,
    bytes: (seed = own.seed) => build(sizes, seed),
  };
}

export const small = perceptronModel('bench_small', SMALL, { maxBatchRows: 64, seed: 1 });

export const large = perceptronModel('bench_large', LARGE, { maxBatchRows: 128, seed: 2 });

export const largeUnbatched: BenchmarkModel = {
  ...large,
  name: 'bench_large_unbatched',
  title: 'the same without batching',
  maxBatchRows: 1,
};

export const trees: BenchmarkModel = {
  name: 'bench_trees',
  title: '400 trees of depth 6',
  features: 32,
  maxBatchRows: 64,
  bytes: (seed = 3) => boostedTrees(400, 6, 32, seed),
};

export const int8: BenchmarkModel = {
  ...perceptronModel('bench_int8', LARGE, { maxBatchRows: 64, seed: 2 }, int8Perceptron),
  title: `${large.title}, dynamic int8`,
};

export const image: BenchmarkModel = {
  name: 'bench_image',
  title: 'convolutions over 3 × 224 × 224',
  features: IMAGE_FEATURES,
  maxBatchRows: 8,
  bytes: (seed = 4) => imageClassifier(seed),
};

/** The one whose versions follow each other; their bytes are its own, so that nothing is shared with the small one. */
export const swapped: BenchmarkModel = {
  ...small,
  name: 'bench_swapped',
  bytes: (version = 1) => perceptron(SMALL, 1_000 + version),
};

/** Those that a server holds from the beginning. */
export const benchmarkModels: readonly BenchmarkModel[] = [
  small,
  large,
  largeUnbatched,
  trees,
  int8,
  image,
  swapped,
];

export const smallApart: BenchmarkModel = {
  ...small,
  name: 'bench_small_apart',
  title: `${small.title} in a process of its own`,
  untrusted: true,
};

export const imageApart: BenchmarkModel = {
  ...image,
  name: 'bench_image_apart',
  title: `${image.title} in a process of its own`,
  untrusted: true,
};

/** Its load is what is measured, not its answers. */
export const heavy: BenchmarkModel = {
  ...perceptronModel('bench_heavy', HEAVY, { maxBatchRows: 8, seed: 5 }),
  title: `${HEAVY.join('-')} perceptron of 206 MB`,
};

export const resnet: BenchmarkModel = {
  name: 'bench_resnet50',
  title: 'ResNet-50 over 3 × 224 × 224',
  features: IMAGE_FEATURES,
  maxBatchRows: 32,
  bytes: (seed = 6) => resnet50(seed),
};

export const encoder: BenchmarkModel = {
  name: 'bench_transformer',
  title: 'transformer of 6 × 384 over 128 tokens',
  features: SEQUENCE_TOKENS,
  vocabulary: VOCABULARY,
  maxBatchRows: 32,
  bytes: (seed = 7) => transformer(seed),
};

/** Those that a GPU is worth its while for. */
export const gpuModels: readonly BenchmarkModel[] = [resnet, encoder];
