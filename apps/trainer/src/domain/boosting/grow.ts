import type { Bag } from './bag.ts';
import type { BinEdges, BinnedMatrix } from './bins.ts';
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

/** A leaf that may still be split; its bag is a slice of either part of the tree's. */
interface OpenLeaf {
  readonly node: number;
  readonly bag: Bag;
  readonly histogram: Histogram;
  readonly split: Split | undefined;
}

/** A grown tree and the rows that ended in each of its leaves. */
export interface GrownTree {
  readonly tree: Tree;
  readonly leaves: readonly { readonly bag: Bag; readonly value: number }[];
}

/** Grows trees over one binned matrix; owns the buffers that its trees share. */
export class TreeGrower {
  readonly #matrix: BinnedMatrix;
  readonly #edges: readonly BinEdges[];
  readonly #parameters: BoostingParameters;
  readonly #scratch: Uint32Array;
  readonly #freeHistograms: Histogram[] = [];

  constructor(matrix: BinnedMatrix, edges: readonly BinEdges[], parameters: BoostingParameters) {
    this.#matrix = matrix;
    this.#edges = edges;
    this.#parameters = parameters;
    this.#scratch = new Uint32Array(matrix.rowCount);
  }

  /**
   * Splits the leaf with the highest gain, on the sums of the rows in the bag, until `leaves` stand or no split helps.
   * Reorders the rows of `bag`: the answer's are slices of them. Derivatives of rows out of the bag are not read.
   */
  grow(derivatives: Derivatives, bag: Bag): GrownTree {
    const builder = treeBuilder(this.#parameters.leaves);
    const open = [this.#root(builder, derivatives, bag)];
    while (open.length < this.#parameters.leaves) {
      const leaf = takeBest(open);
      if (!leaf) break;
      open.push(...this.#split(builder, derivatives, leaf));
    }
    this.#freeHistograms.push(...open.map((leaf) => leaf.histogram));
    const tree = builder.finish();
    return { tree, leaves: open.map((leaf) => ({ bag: leaf.bag, value: tree.value[leaf.node]! })) };
  }

  #root(builder: TreeBuilder, derivatives: Derivatives, bag: Bag): OpenLeaf {
    const histogram = this.#fill(bag.inBag, derivatives);
    return this.#open(builder, bag, histogram, totalOf(histogram, this.#matrix.offsets));
  }

  #split(builder: TreeBuilder, derivatives: Derivatives, leaf: SplittableLeaf): OpenLeaf[] {
    const { split } = leaf;
    const [leftBag, rightBag] = this.#divide(leaf);
    const leftIsSmaller = leftBag.inBag.length <= rightBag.inBag.length;
    const smaller = this.#fill(leftIsSmaller ? leftBag.inBag : rightBag.inBag, derivatives);
    const larger = subtractHistogram(leaf.histogram, smaller);
    const left = this.#open(builder, leftBag, leftIsSmaller ? smaller : larger, split.left);
    const right = this.#open(builder, rightBag, leftIsSmaller ? larger : smaller, split.right);
    builder.branch(leaf.node, split, this.#edges[split.feature]![split.bin]!, left.node, right.node);
    return [left, right];
  }

  #divide({ bag, split }: SplittableLeaf): [left: Bag, right: Bag] {
    const column = this.#matrix.columns[split.feature]!;
    const goesLeft = new Uint8Array(this.#edges[split.feature]!.length + 1).fill(1, 0, split.bin + 1);
    goesLeft[goesLeft.length - 1] = split.missingLeft ? 1 : 0;
    const inBag = partition(bag.inBag, column, goesLeft, this.#scratch);
    const outOfBag = partition(bag.outOfBag, column, goesLeft, this.#scratch);
    return [
      { inBag: bag.inBag.subarray(0, inBag), outOfBag: bag.outOfBag.subarray(0, outOfBag) },
      { inBag: bag.inBag.subarray(inBag), outOfBag: bag.outOfBag.subarray(outOfBag) },
    ];
  }

  #open(builder: TreeBuilder, bag: Bag, histogram: Histogram, sums: Sums): OpenLeaf {
    const value = this.#parameters.learningRate * leafStep(sums, this.#parameters.l2);
    const split = bestSplit(histogram, this.#matrix.offsets, sums, this.#parameters);
    return { node: builder.leaf(value), bag, histogram, split };
  }

  #fill(rows: Uint32Array, derivatives: Derivatives): Histogram {
    const histogram = this.#freeHistograms.pop() ?? newHistogram(this.#matrix);
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

/**
 * Moves the rows whose bin goes left to the front, both sides in their old order; returns how many they are. Free of
 * branches, as half of them would be mispredicted.
 */
function partition(
  rows: Uint32Array,
  column: Uint8Array,
  goesLeft: Uint8Array,
  scratch: Uint32Array,
): number {
  let left = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index]!;
    rows[left] = row;
    scratch[index - left] = row;
    left += goesLeft[column[row]!]!;
  }
  rows.set(scratch.subarray(0, rows.length - left), left);
  return left;
}
