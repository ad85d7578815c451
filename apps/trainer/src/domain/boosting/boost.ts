import { BagSampler } from './bag.ts';
import { binMatrix, edgesOf } from './bins.ts';
import { sigmoid, type Forest, type Tree } from './forest.ts';
import { TreeGrower, type GrownTree } from './grow.ts';
import { STRIDE, type Derivatives } from './histogram.ts';
import type { LabelledMatrix } from './matrix.ts';
import type { BoostingParameters } from './parameters.ts';
import { seededRandom } from './random.ts';

export interface FitOptions {
  readonly parameters: BoostingParameters;
  /** Draws the rows that bin edges are taken from, then those of every tree. */
  readonly seed: number;
  /** Awaited after every tree: the place to report, to give way to other events, or to stop by throwing. */
  readonly onTree?: (treesGrown: number) => Promise<void> | void;
}

export interface FittedForest {
  readonly forest: Forest;
  /** P(positive) of every row it was fitted on, in their order: a by-product of fitting. */
  readonly scores: Float64Array;
}

/**
 * Fits a binary classifier by histogram gradient boosting on log loss, leaf-wise as LightGBM does (Ke et al.,
 * NeurIPS 2017), each tree on a sample of the rows (Friedman, Stochastic gradient boosting, 2002). The same matrix, parameters and seed give the same forest, bit for bit.
 */
export async function fitForest(matrix: LabelledMatrix, options: FitOptions): Promise<FittedForest> {
  const { parameters, seed, onTree } = options;
  const random = seededRandom(seed);
  const edges = edgesOf(matrix, parameters.maxBins, random);
  const grower = new TreeGrower(binMatrix(matrix, edges), edges, parameters);
  const sampler = new BagSampler(matrix.rowCount, parameters.subsample, random);
  const base = logOdds(matrix.labels);
  const logits = new Float64Array(matrix.rowCount).fill(base);
  const derivatives = new Float64Array(logits.length * STRIDE);
  const trees: Tree[] = [];
  while (trees.length < parameters.trees) {
    const bag = sampler.draw();
    differentiate(logits, matrix.labels, bag.inBag, derivatives);
    const grown = grower.grow(derivatives, bag);
    addTree(logits, grown);
    trees.push(grown.tree);
    await onTree?.(trees.length);
  }
  return { forest: { columns: matrix.columns, base, trees }, scores: logits.map(sigmoid) };
}

/** Log odds of the positive class, smoothed by half a row on either side; float32, as the ONNX export holds it. */
function logOdds(labels: Uint8Array): number {
  let positives = 0;
  for (const label of labels) positives += label;
  return Math.fround(Math.log((positives + 0.5) / (labels.length - positives + 0.5)));
}

function differentiate(
  logits: Float64Array,
  labels: Uint8Array,
  rows: Uint32Array,
  derivatives: Derivatives,
): void {
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    const probability = sigmoid(logits[row]!);
    derivatives[row * STRIDE] = probability - labels[row]!;
    derivatives[row * STRIDE + 1] = probability * (1 - probability);
  }
}

function addTree(logits: Float64Array, { leaves }: GrownTree): void {
  for (const { bag, value } of leaves) {
    addToRows(logits, bag.inBag, value);
    addToRows(logits, bag.outOfBag, value);
  }
}

function addToRows(logits: Float64Array, rows: Uint32Array, value: number): void {
  for (let index = 0; index < rows.length; index += 1) logits[rows[index]!]! += value;
}
