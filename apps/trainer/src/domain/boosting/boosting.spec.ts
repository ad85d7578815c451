import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { binMatrix, binOf, BIN_COUNT, edgesOf, MISSING_BIN, quantileEdges } from './bins.ts';
import { fitForest } from './boost.ts';
import { LEAF, leafValue, predictForest, sigmoid, type Tree } from './forest.ts';
import { TreeGrower } from './grow.ts';
import { fillHistogram, newHistogram, STRIDE, subtractHistogram } from './histogram.ts';
import type { LabelledMatrix } from './matrix.ts';
import { boostingParameters, DEFAULT_PARAMETERS, type BoostingParameters } from './parameters.ts';
import { seededRandom } from './random.ts';
import { bestSplit, totalOf } from './split.ts';

const SMALL: BoostingParameters = { ...DEFAULT_PARAMETERS, trees: 5, leaves: 6, minLeafWeight: 0.3, l2: 1 };

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
const derivativesOf = (rows: number) => ({
  gradient: Float64Array.from({ length: rows }, () => noise() - 0.5),
  hessian: Float64Array.from({ length: rows }, () => 0.05 + noise() / 5),
});
const allRows = (count: number) => Uint32Array.from({ length: count }, (_, row) => row);

describe('quantileEdges', () => {
  it('puts every value into the one bin whose edges enclose it', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1 }), fc.integer({ min: 2, max: 255 }), (values, maxBins) => {
        const edges = quantileEdges(Float32Array.from(values), maxBins, seededRandom(1));
        expect(edges.length).toBeLessThanOrEqual(maxBins);
        for (const each of Float32Array.from(values)) {
          const bin = binOf(each, edges);
          if (Number.isNaN(each)) expect(bin).toBe(MISSING_BIN);
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
          const histogram = newHistogram(2);
          fillHistogram(histogram, binned, part, derivatives);
          return histogram;
        };
        const naive = newHistogram(2);
        for (const row of rows) {
          for (const column of [0, 1]) {
            const slot = (column * BIN_COUNT + binned.columns[column]![row]!) * STRIDE;
            naive[slot]! += derivatives.gradient[row]!;
            naive[slot + 1]! += derivatives.hessian[row]!;
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

describe('bestSplit', () => {
  it('finds the split that trying every edge and both sides for missing rows finds', () => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        const edges = edgesOf(matrix, 255, seededRandom(1));
        const binned = binMatrix(matrix, edges);
        const derivatives = derivativesOf(matrix.rowCount);
        const histogram = newHistogram(2);
        fillHistogram(histogram, binned, allRows(matrix.rowCount), derivatives);
        const rules = { l2: 1, minLeafWeight: 0.3 };
        const found = bestSplit(
          histogram,
          edges.map(({ length }) => length),
          totalOf(histogram),
          rules,
        );
        expect(found?.gain ?? 0).toBeCloseTo(naiveBestGain(matrix, edges, derivatives, rules), 6);
      }),
    );
  });
});

function naiveBestGain(
  matrix: LabelledMatrix,
  edges: readonly Float32Array[],
  { gradient, hessian }: ReturnType<typeof derivativesOf>,
  { l2, minLeafWeight }: { l2: number; minLeafWeight: number },
): number {
  const gainOf = (goesLeft: (row: number) => boolean): number => {
    const sums = [0, 0, 0, 0];
    for (let row = 0; row < matrix.rowCount; row += 1) {
      const side = goesLeft(row) ? 0 : 2;
      sums[side]! += gradient[row]!;
      sums[side + 1]! += hessian[row]!;
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

describe('TreeGrower', () => {
  it('sends every row to the leaf that the finished tree sends it to', () => {
    fc.assert(
      fc.property(matrices, (matrix) => {
        const edges = edgesOf(matrix, 255, seededRandom(1));
        const { tree, leaves } = new TreeGrower(binMatrix(matrix, edges), edges, SMALL).grow(
          derivativesOf(matrix.rowCount),
        );
        expect(leaves.length).toBeLessThanOrEqual(SMALL.leaves);
        expect(leaves.flatMap(({ rows }) => [...rows]).sort((a, b) => a - b)).toEqual([
          ...allRows(matrix.rowCount),
        ]);
        for (const leaf of leaves) {
          for (const row of leaf.rows) expect(leafValue(tree, matrix.values, row * 2)).toBe(leaf.value);
        }
      }),
    );
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
      fc.asyncProperty(matrices, async (matrix) => {
        const { forest, scores } = await fitForest(matrix, { parameters: SMALL, seed: 1 });
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
