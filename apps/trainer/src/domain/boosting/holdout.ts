import { leafValue, type Tree } from './forest.ts';
import type { LabelledMatrix } from './matrix.ts';

/** Follows the log loss of a growing forest on rows that are not fitted. */
export class Holdout {
  readonly #matrix: LabelledMatrix;
  readonly #logits: Float64Array;
  #treeCount = 0;
  #bestLoss = Infinity;
  #bestTreeCount = 0;

  constructor(matrix: LabelledMatrix, base: number) {
    this.#matrix = matrix;
    this.#logits = new Float64Array(matrix.rowCount).fill(base);
  }

  /** Number of trees after which the loss was lowest. */
  get bestTreeCount(): number {
    return this.#bestTreeCount;
  }

  /** Adds the next tree and answers how many trees ago the loss was lowest. */
  treesSinceBest(tree: Tree): number {
    const width = this.#matrix.columns.length;
    for (let row = 0; row < this.#logits.length; row += 1) {
      this.#logits[row]! += leafValue(tree, this.#matrix.values, row * width);
    }
    this.#treeCount += 1;
    const loss = meanLogLoss(this.#logits, this.#matrix.labels);
    if (loss < this.#bestLoss) {
      this.#bestLoss = loss;
      this.#bestTreeCount = this.#treeCount;
    }
    return this.#treeCount - this.#bestTreeCount;
  }
}

function meanLogLoss(logits: Float64Array, labels: Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < logits.length; row += 1) {
    const against = labels[row] === 1 ? -logits[row]! : logits[row]!;
    sum += against > 0 ? against + Math.log1p(Math.exp(-against)) : Math.log1p(Math.exp(against));
  }
  return sum / logits.length;
}
