import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BagSampler, type Bag } from './bag.ts';
import { binMatrix, binOf, edgesOf, quantileEdges } from './bins.ts';
import { fitForest } from './boost.ts';
import { LEAF, leafValue, predictForest, sigmoid, type Tree } from './forest.ts';
import { TreeGrower } from './grow.ts';
import { fillHistogram, newHistogram, STRIDE, subtractHistogram } from './histogram.ts';
import type { LabelledMatrix } from './matrix.ts';
import { boostingParameters, DEFAULT_PARAMETERS, type BoostingParameters } from './parameters.ts';
import { seededRandom } from './random.ts';
import { bestSplit, totalOf } from './split.ts';

const SMALL: BoostingParameters = { ...DEFAULT_PARAMETERS, trees: 5, leaves: 6, minLeafWeight: 0.3, l2: 1 };

const share = fc.double({ min: 0.01, max: 1, noNaN: true });

const value = fc.oneof(
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
  { weight: 6, arbitrary: fc.integer({ min: -6, max: 6 }) },
  { weight: 2, arbitrary: fc.float({ noNaN: true }) },
);

/** A matrix of 2 columns, with both classes. */
const matrices = fc
  .array(fc.record({ a: value, b: value, y: fc.boolean() }), { minLength: 4, maxLength: 60 })
  .map((rows): LabelledMatrix => ({
    columns: ['a', 'b'],
    rowCount: rows.length,
    values: Float32Array.from(rows.flatMap(({ a, b }) => [a, b])),
    labels: Uint8Array.from(rows, ({ y }, index) => (index === 0 ? 0 : index === 1 ? 1 : Number(y))),
  }));

const noise = seededRandom(3);
/** Of every row a gradient from -0.5 to 0.5, then a hessian from 0.05 to 0.25. */
const derivativesOf = (rows: number) =>
  Float64Array.from({ length: rows * STRIDE }, (_, at) =>
    at % 2 === 0 ? noise() - 0.5 : 0.05 + noise() / 5,
  );
const allRows = (count: number) => Uint32Array.from({ length: count }, (_, row) => row);
const drawn = (rowCount: number, part: number, seed: number): Bag =>
  new BagSampler(rowCount, part, seededRandom(seed)).draw();

describe('quantileEdges', () => {
  it('puts every value into the one bin whose edges enclose it', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), fc.integer({ min: 2, max: 255 }), (values, maxBins) => {
        const edges = quantileEdges(Float32Array.from(values), maxBins, seededRandom(1));
        expect(edges.length).toBeLessThanOrEqual(maxBins);
        for (const each of Float32Array.from(values)) {
          const bin = binOf(each, edges);
          if (Number.isNaN(each)) expect(bin).toBe(edges.length);
          else {
            expect(each).toBeLessThanOrEqual(edges[bin]!);
            if (bin > 0) expect(each).toBeGreaterThan(edges[bin - 1]!);
          }
        }
      }),
    );
  });

  it('keeps few distinct values apart and gives many values bins of like size', () => {
    expect([...quantileEdges(Float32Array.of(3, 1, 2, 2, 1), 255, seededRandom(1))]).toEqual([
      1,
      2,
      Infinity,
    ]);
    const uniform = Float32Array.from({ length: 10_000 }, (_, index) => index);
    const edges = quantileEdges(uniform, 100, seededRandom(1));
    const counts = new Uint32Array(edges.length);
    for (const each of uniform) counts[binOf(each, edges)]! += 1;
    expect(Math.min(...counts)).toBe(100);
    expect(Math.max(...counts)).toBe(100);
  });
});

describe('histograms', () => {
  it('hold the sums per bin, and the larger sibling is the parent less the smaller', () => {
    fc.assert(
      fc.property(matrices, fc.nat(), (matrix, cut) => {
        const binned = binMatrix(matrix, edgesOf(matrix, 255, seededRandom(1)));
        const derivatives = derivativesOf(matrix.rowCount);
        const rows = allRows(matrix.rowCount);
        const at = cut % matrix.rowCount;
        const filled = (part: Uint32Array) => {
          const histogram = newHistogram(binned);
          fillHistogram(histogram, binned, part, derivatives);
          return histogram;
        };
        const naive = newHistogram(binned);
        for (const row of rows) {
          for (const column of [0, 1]) {
            const slot = (binned.offsets[column]! + binned.columns[column]![row]!) * STRIDE;
            naive[slot]! += derivatives[row * STRIDE]!;
            naive[slot + 1]! += derivatives[row * STRIDE + 1]!;
          }
        }
        expect(filled(rows)).toEqual(naive);
        const sibling = subtractHistogram(filled(rows), filled(rows.subarray(0, at)));
        const worst = filled(rows.subarray(at)).reduce(
          (most, sum, slot) => Math.max(most, Math.abs(sum - sibling[slot]!)),
          0,
        );
        expect(worst).toBeLessThan(1e-9);
      }),
    );
  });
});

describe('binMatrix', () => {
  it('numbers the bins of more features than 16 bits can tell apart', () => {
    const columns = Array.from({ length: 300 }, (_, column) => `${column}`);
    const values = Float32Array.from({ length: 300 * 300 }, (_, index) => Math.floor(index / 300));
    const matrix = { columns, rowCount: 300, values, labels: new Uint8Array(300) };
    const { bins, offsets } = binMatrix(matrix, edgesOf(matrix, 255, seededRandom(1)));
    expect(offsets.at(-1)).toBe(300 * 256);
    expect(Math.max(...bins.subarray(-300))).toBe(300 * 256 - 2);
  });
});

describe('bestSplit', () => {
  it('finds the split that trying every edge and both sides for missing rows finds', () => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        const edges = edgesOf(matrix, 255, seededRandom(1));
        const binned = binMatrix(matrix, edges);
        const derivatives = derivativesOf(matrix.rowCount);
        const histogram = newHistogram(binned);
        fillHistogram(histogram, binned, allRows(matrix.rowCount), derivatives);
        const rules = { l2: 1, minLeafWeight: 0.3 };
        const found = bestSplit(histogram, binned.offsets, totalOf(histogram, binned.offsets), rules);
        expect(found?.gain ?? 0).toBeCloseTo(naiveBestGain(matrix, edges, derivatives, rules), 6);
      }),
    );
  });
});

function naiveBestGain(
  matrix: LabelledMatrix,
  edges: readonly Float32Array[],
  derivatives: Float64Array,
  { l2, minLeafWeight }: { l2: number; minLeafWeight: number },
): number {
  const gainOf = (goesLeft: (row: number) => boolean): number => {
    const sums = [0, 0, 0, 0];
    for (let row = 0; row < matrix.rowCount; row += 1) {
      const side = goesLeft(row) ? 0 : 2;
      sums[side]! += derivatives[row * STRIDE]!;
      sums[side + 1]! += derivatives[row * STRIDE + 1]!;
    }
    const [lg = 0, lh = 0, rg = 0, rh = 0] = sums;
    if (lh < minLeafWeight || rh < minLeafWeight) return 0;
    return lg ** 2 / (lh + l2) + rg ** 2 / (rh + l2) - (lg + rg) ** 2 / (lh + rh + l2);
  };
  let best = 0;
  for (const [column, columnEdges] of edges.entries()) {
    for (const edge of columnEdges) {
      for (const missingLeft of [true, false]) {
        const gain = gainOf((row) => {
          const each = matrix.values[row * 2 + column]!;
          return Number.isNaN(each) ? missingLeft : each <= edge;
        });
        best = Math.max(best, gain);
      }
    }
  }
  return best;
}

describe('BagSampler', () => {
  it('puts every row into one part of the bag, both ascending, and draws anew for every tree', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), share, fc.nat(), (rowCount, part, seed) => {
        const sampler = new BagSampler(rowCount, part, seededRandom(seed));
        for (let tree = 0; tree < 3; tree += 1) {
          const { inBag, outOfBag } = sampler.draw();
          expect(inBag).toEqual(inBag.toSorted());
          expect(outOfBag).toEqual(outOfBag.toSorted());
          expect(Uint32Array.from([...inBag, ...outOfBag]).sort()).toEqual(allRows(rowCount));
        }
      }),
    );
    const sampler = new BagSampler(1000, 0.5, seededRandom(1));
    const first = [...sampler.draw().inBag];
    expect([...sampler.draw().inBag]).not.toEqual(first);
  });

  it('draws the share that it is asked for, all rows for 1', () => {
    expect(drawn(100_000, 0.3, 1).inBag.length / 100_000).toBeCloseTo(0.3, 2);
    expect(drawn(1000, 1, 1).inBag).toEqual(allRows(1000));
  });
});

describe('TreeGrower', () => {
  it('sends every row, in the bag or not, to the leaf that the finished tree sends it to', () => {
    fc.assert(
      fc.property(matrices, share, fc.nat(), (matrix, part, seed) => {
        const edges = edgesOf(matrix, 255, seededRandom(1));
        const bag = drawn(matrix.rowCount, part, seed);
        const inBag = new Set(bag.inBag);
        const { tree, leaves } = new TreeGrower(binMatrix(matrix, edges), edges, SMALL).grow(
          derivativesOf(matrix.rowCount),
          bag,
        );
        expect(leaves.length).toBeLessThanOrEqual(SMALL.leaves);
        const rows = leaves.flatMap((leaf) => [...leaf.bag.inBag, ...leaf.bag.outOfBag]);
        expect(rows.sort((a, b) => a - b)).toEqual([...allRows(matrix.rowCount)]);
        for (const leaf of leaves) {
          expect([...leaf.bag.inBag].every((row) => inBag.has(row))).toBe(true);
          expect([...leaf.bag.outOfBag].some((row) => inBag.has(row))).toBe(false);
          for (const row of [...leaf.bag.inBag, ...leaf.bag.outOfBag]) {
            expect(leafValue(tree, matrix.values, row * 2)).toBe(leaf.value);
          }
        }
      }),
    );
  });

  it('grows the same tree whatever the derivatives of rows out of the bag', () => {
    fc.assert(
      fc.property(matrices, share, fc.nat(), (matrix, part, seed) => {
        const edges = edgesOf(matrix, 255, seededRandom(1));
        const binned = binMatrix(matrix, edges);
        const derivatives = derivativesOf(matrix.rowCount);
        const others = derivatives.slice();
        for (const row of drawn(matrix.rowCount, part, seed).outOfBag)
          others.fill(Number.NaN, row * 2, row * 2 + 2);
        const [tree, other] = [derivatives, others].map(
          (each) => new TreeGrower(binned, edges, SMALL).grow(each, drawn(matrix.rowCount, part, seed)).tree,
        );
        expect(other).toEqual(tree);
      }),
    );
  });

  it('gives each leaf the Newton step of its rows in the bag, and no leaf less weight of them than asked', () => {
    fc.assert(
      fc.property(matrices, share, fc.nat(), (matrix, part, seed) => {
        const edges = edgesOf(matrix, 255, seededRandom(1));
        const derivatives = derivativesOf(matrix.rowCount);
        const { leaves } = new TreeGrower(binMatrix(matrix, edges), edges, SMALL).grow(
          derivatives,
          drawn(matrix.rowCount, part, seed),
        );
        for (const { bag, value: found } of leaves) {
          const sumOf = (at: number) =>
            bag.inBag.reduce((sum, row) => sum + derivatives[row * STRIDE + at]!, 0);
          expect(found).toBeCloseTo((-SMALL.learningRate * sumOf(0)) / (sumOf(1) + SMALL.l2), 6);
          if (leaves.length > 1) expect(sumOf(1)).toBeGreaterThan(SMALL.minLeafWeight - 1e-9);
        }
      }),
    );
  });

  it('grows one leaf of 0 on an empty bag, even without a penalty', () => {
    const { matrix } = xor(20);
    const edges = edgesOf(matrix, 255, seededRandom(1));
    const bag = { inBag: new Uint32Array(), outOfBag: allRows(20) };
    const grower = new TreeGrower(binMatrix(matrix, edges), edges, { ...SMALL, l2: 0 });
    const { leaves } = grower.grow(derivativesOf(20), bag);
    expect(leaves).toEqual([{ bag, value: 0 }]);
  });
});

describe('fitForest', () => {
  it('gives the same forest for the same rows, parameters and seed', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, fc.nat(), async (matrix, seed) => {
        const options = { parameters: SMALL, seed };
        expect(await fitForest(matrix, options)).toEqual(await fitForest(matrix, options));
      }),
      { numRuns: 25 },
    );
  });

  it('gives along the scores that the forest predicts', async () => {
    await fc.assert(
      fc.asyncProperty(matrices, share, async (matrix, subsample) => {
        const { forest, scores } = await fitForest(matrix, { parameters: { ...SMALL, subsample }, seed: 1 });
        for (const [row, score] of predictForest(forest, matrix.values).entries()) {
          expect(scores[row]).toBeCloseTo(score, 9);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('lowers the log loss on its own rows with every tree', async () => {
    const { matrix } = xor(2000);
    let last = Infinity;
    for (const trees of [1, 5, 20]) {
      const { scores } = await fitForest(matrix, {
        parameters: { ...SMALL, trees, minLeafWeight: 5 },
        seed: 1,
      });
      const loss = scores.reduce((sum, p, row) => sum - Math.log(matrix.labels[row] === 1 ? p : 1 - p), 0);
      expect(loss).toBeLessThan(last);
      last = loss;
    }
  });

  it('learns an interaction and the meaning of missing values on rows it has not seen', async () => {
    const parameters = { ...SMALL, trees: 60, leaves: 8, minLeafWeight: 5 };
    const { forest } = await fitForest(xor(4000, 1).matrix, { parameters, seed: 1 });
    const { matrix, truth } = xor(1000, 2);
    const scores = predictForest(forest, matrix.values);
    const right = truth.filter((label, row) => scores[row]! > 0.5 === label).length;
    expect(right / truth.length).toBeGreaterThan(0.95);
  });

  it('stops where its caller throws between trees', async () => {
    const onTree = (treesGrown: number) => {
      if (treesGrown === 2) throw new Error('enough');
    };
    await expect(fitForest(xor(50).matrix, { parameters: SMALL, seed: 1, onTree })).rejects.toThrow('enough');
  });
});

/** Late when exactly one of two conditions holds; a missing first value counts as high. */
function xor(rowCount: number, seed = 1): { matrix: LabelledMatrix; truth: boolean[] } {
  const random = seededRandom(seed);
  const rows = Array.from(
    { length: rowCount },
    () => [random() < 0.1 ? Number.NaN : random(), random()] as const,
  );
  const truth = rows.map(([a, b]) => (Number.isNaN(a) || a > 0.4) !== b > 0.6);
  const labels = Uint8Array.from(truth, (label) => Number(random() < 0.05 ? !label : label));
  const matrix = { columns: ['a', 'b'], rowCount, values: Float32Array.from(rows.flat()), labels };
  return { matrix, truth };
}

describe('leafValue', () => {
  const stump = (missingLeft: number): Tree => ({
    feature: Int16Array.of(0, LEAF, LEAF),
    threshold: Float32Array.of(0.1, 0, 0),
    missingLeft: Uint8Array.of(missingLeft, 0, 0),
    left: Int16Array.of(1, 0, 0),
    right: Int16Array.of(2, 0, 0),
    value: Float32Array.of(0, -1, 1),
  });

  it('takes the left branch at the threshold itself, compared in float32', () => {
    expect(leafValue(stump(0), Float32Array.of(0.1), 0)).toBe(-1);
    expect(leafValue(stump(0), Float32Array.of(0.1 + 1e-7), 0)).toBe(1);
  });

  it('sends missing values where the tree says', () => {
    expect(leafValue(stump(1), Float32Array.of(Number.NaN), 0)).toBe(-1);
    expect(leafValue(stump(0), Float32Array.of(Number.NaN), 0)).toBe(1);
  });
});

describe('sigmoid', () => {
  it('is 1/2 at 0 and mirrors around it', () => {
    expect(sigmoid(0)).toBe(0.5);
    expect(sigmoid(3) + sigmoid(-3)).toBeCloseTo(1, 12);
  });
});

describe('boostingParameters', () => {
  it('merges what is given over the defaults', () => {
    expect(boostingParameters({ trees: 10 })).toEqual({
      parameters: { ...DEFAULT_PARAMETERS, trees: 10 },
      problems: [],
    });
  });

  it.each([
    [{ depth: 3 }, 'depth', 'is not a parameter'],
    [{ trees: 0 }, 'trees', 'a whole number from 1 to 2000'],
    [{ leaves: 2.5 }, 'leaves', 'a whole number'],
    [{ learningRate: Number.NaN }, 'learningRate', 'a number from 0.001 to 1'],
    [{ toString: 1 }, 'toString', 'is not a parameter'],
  ])('tells what is wrong with %j', (given, name, problem) => {
    expect(boostingParameters(given as Record<string, number>).problems).toEqual([
      { name, problem: expect.stringContaining(problem) },
    ]);
  });
});
