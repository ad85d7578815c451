import { MISSING_BIN, type BinEdges, type BinnedMatrix } from './bins.ts';
import type { Tree } from './forest.ts';
import {
  fillHistogram,
  newHistogram,
  subtractHistogram,
  type Derivatives,
  type Histogram,
} from './histogram.ts';
import type { BoostingParameters } from './parameters.ts';
import { bestSplit, leafStep, totalOf, type Split, type Sums } from './split.ts';
import { treeBuilder, type TreeBuilder } from './tree-builder.ts';

/** A leaf that may still be split; `rows` is its slice of the tree's one array of row numbers. */
interface OpenLeaf {
  readonly node: number;
  readonly rows: Uint32Array;
  readonly histogram: Histogram;
  readonly split: Split | undefined;
}

/** A grown tree and the rows that ended in each of its leaves. */
export interface GrownTree {
  readonly tree: Tree;
  readonly leaves: readonly { readonly rows: Uint32Array; readonly value: number }[];
}

/** Grows trees over one binned matrix; owns the buffers that its trees share. */
export class TreeGrower {
  readonly #matrix: BinnedMatrix;
  readonly #edges: readonly BinEdges[];
  readonly #binCounts: readonly number[];
  readonly #parameters: BoostingParameters;
  readonly #rows: Uint32Array;
  readonly #scratch: Uint32Array;
  readonly #freeHistograms: Histogram[] = [];

  constructor(matrix: BinnedMatrix, edges: readonly BinEdges[], parameters: BoostingParameters) {
    this.#matrix = matrix;
    this.#edges = edges;
    this.#binCounts = edges.map((columnEdges) => columnEdges.length);
    this.#parameters = parameters;
    this.#rows = new Uint32Array(matrix.rowCount);
    this.#scratch = new Uint32Array(matrix.rowCount);
  }

  /**
   * Splits the leaf with the highest gain until `leaves` stand or no split helps. The rows of the answer are valid
   * until the next call.
   */
  grow(derivatives: Derivatives): GrownTree {
    const builder = treeBuilder(this.#parameters.leaves);
    const open = [this.#root(builder, derivatives)];
    while (open.length < this.#parameters.leaves) {
      const leaf = takeBest(open);
      if (!leaf) break;
      open.push(...this.#split(builder, derivatives, leaf));
    }
    this.#freeHistograms.push(...open.map((leaf) => leaf.histogram));
    const tree = builder.finish();
    return { tree, leaves: open.map(({ rows, node }) => ({ rows, value: tree.value[node]! })) };
  }

  #root(builder: TreeBuilder, derivatives: Derivatives): OpenLeaf {
    for (let row = 0; row < this.#rows.length; row += 1) this.#rows[row] = row;
    const histogram = this.#fill(this.#rows, derivatives);
    return this.#open(builder, this.#rows, histogram, totalOf(histogram));
  }

  #split(builder: TreeBuilder, derivatives: Derivatives, leaf: SplittableLeaf): OpenLeaf[] {
    const { split } = leaf;
    const leftCount = partition(this.#matrix, leaf.rows, split, this.#scratch);
    const leftRows = leaf.rows.subarray(0, leftCount);
    const rightRows = leaf.rows.subarray(leftCount);
    const leftIsSmaller = leftRows.length <= rightRows.length;
    const smaller = this.#fill(leftIsSmaller ? leftRows : rightRows, derivatives);
    const larger = subtractHistogram(leaf.histogram, smaller);
    const left = this.#open(builder, leftRows, leftIsSmaller ? smaller : larger, split.left);
    const right = this.#open(builder, rightRows, leftIsSmaller ? larger : smaller, split.right);
    builder.branch(leaf.node, split, this.#edges[split.feature]![split.bin]!, left.node, right.node);
    return [left, right];
  }

  #open(builder: TreeBuilder, rows: Uint32Array, histogram: Histogram, sums: Sums): OpenLeaf {
    const value = this.#parameters.learningRate * leafStep(sums, this.#parameters.l2);
    const split = bestSplit(histogram, this.#binCounts, sums, this.#parameters);
    return { node: builder.leaf(value), rows, histogram, split };
  }

  #fill(rows: Uint32Array, derivatives: Derivatives): Histogram {
    const histogram = this.#freeHistograms.pop() ?? newHistogram(this.#matrix.columnCount);
    fillHistogram(histogram, this.#matrix, rows, derivatives);
    return histogram;
  }
}

type SplittableLeaf = OpenLeaf & { readonly split: Split };

function takeBest(open: OpenLeaf[]): SplittableLeaf | undefined {
  let best: SplittableLeaf | undefined;
  for (const leaf of open) {
    if (isSplittable(leaf) && leaf.split.gain > (best?.split.gain ?? 0)) best = leaf;
  }
  if (best) open.splice(open.indexOf(best), 1);
  return best;
}

const isSplittable = (leaf: OpenLeaf): leaf is SplittableLeaf => leaf.split !== undefined;

/** Moves the rows of the left side to the front, both sides in their old order; returns how many went left. */
function partition(matrix: BinnedMatrix, rows: Uint32Array, split: Split, scratch: Uint32Array): number {
  const column = matrix.columns[split.feature]!;
  const { bin, missingLeft } = split;
  let left = 0;
  let right = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    const value = column[row]!;
    if (value === MISSING_BIN ? missingLeft : value <= bin) rows[left++] = row;
    else scratch[right++] = row;
  }
  rows.set(scratch.subarray(0, right), left);
  return left;
}
