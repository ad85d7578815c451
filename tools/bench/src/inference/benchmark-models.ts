import { boostedTrees } from './models/boosted-trees.ts';
import { IMAGE_FEATURES, imageClassifier } from './models/image-classifier.ts';
import { int8Perceptron } from './models/int8-perceptron.ts';
import { perceptron } from './models/perceptron.ts';

/** A model that a server is measured with. Its one input is x: FP32 [N, features]. */
export interface BenchmarkModel {
  /** Its name on the server. */
  readonly name: string;
  readonly title: string;
  readonly features: number;
  /** Most rows that the server may gather; 1 turns batching off. */
  readonly maxBatchRows: number;
  /** The same seed, the same bytes. */
  readonly bytes: (seed?: number) => Uint8Array;
}

const SMALL = [32, 64, 64, 1];
const LARGE = [256, 1_024, 1_024, 512, 10];

export const small: BenchmarkModel = {
  name: 'bench_small',
  title: '32-64-64-1 perceptron',
  features: 32,
  maxBatchRows: 64,
  bytes: (seed = 1) => perceptron(SMALL, seed),
};

export const large: BenchmarkModel = {
  name: 'bench_large',
  title: '256-1024-1024-512-10 perceptron',
  features: 256,
  maxBatchRows: 128,
  bytes: (seed = 2) => perceptron(LARGE, seed),
};

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
  name: 'bench_int8',
  title: '256-1024-1024-512-10 perceptron, dynamic int8',
  features: 256,
  maxBatchRows: 64,
  bytes: (seed = 2) => int8Perceptron(LARGE, seed),
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

export const benchmarkModels: readonly BenchmarkModel[] = [
  small,
  large,
  largeUnbatched,
  trees,
  int8,
  image,
  swapped,
];
