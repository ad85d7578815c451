import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inspectModel } from '@plumbline/onnx';
import fc from 'fast-check';
import { forestModel } from '../src/domain/artifact/forest-model.ts';
import { fitForest } from '../src/domain/boosting/boost.ts';
import { predictForest, type Forest } from '../src/domain/boosting/forest.ts';
import { DEFAULT_PARAMETERS } from '../src/domain/boosting/parameters.ts';
import type { RunAnswer, RunRequest } from './onnxruntime-process.ts';

let runtime: ChildProcess;

beforeAll(() => {
  runtime = fork(new URL('./onnxruntime-process.ts', import.meta.url), {
    execArgv: [],
    serialization: 'advanced',
  });
});

afterAll(() => {
  runtime.kill();
});

async function run(request: RunRequest): Promise<Exclude<RunAnswer, { error: string }>> {
  const answer = once(runtime, 'message') as Promise<[RunAnswer]>;
  runtime.send(request);
  const [result] = await answer;
  if ('error' in result) throw new Error(result.error);
  return result;
}

const INPUTS = [
  { name: 'share', datatype: 'FP64' },
  { name: 'mean', datatype: 'FP64' },
  { name: 'hour', datatype: 'INT64' },
] as const;

/** Doubles that float32 cannot hold are common, so that the cast matters. */
const double = fc.oneof(
  { weight: 5, arbitrary: fc.double({ min: -3, max: 3, noNaN: true }) },
  { weight: 2, arbitrary: fc.integer({ min: -3, max: 3 }).map((tenths) => tenths / 10) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Infinity, -Infinity, 0, -0) },
);
const row = fc.record({
  share: double,
  mean: double,
  hour: fc.integer({ min: 0, max: 23 }),
  y: fc.boolean(),
});
type Row = { share: number; mean: number; hour: number };
const rowsOf = (minLength: number) => fc.array(row, { minLength, maxLength: 80 });

const valuesOf = (rows: readonly Row[]) =>
  Float32Array.from(rows.flatMap(({ share, mean, hour }) => [share, mean, hour]));

async function forestOf(rows: readonly (Row & { y: boolean })[], trees: number): Promise<Forest> {
  const parameters = {
    ...DEFAULT_PARAMETERS,
    trees,
    leaves: 9,
    minLeafWeight: 0.2,
    l2: 0.1,
    learningRate: 0.5,
  };
  const labels = Uint8Array.from(rows, ({ y }, index) => (index < 2 ? index : Number(y)));
  const matrix = {
    columns: ['share', 'mean', 'hour'],
    rowCount: rows.length,
    values: valuesOf(rows),
    labels,
  };
  return (await fitForest(matrix, { parameters, seed: 1 })).forest;
}

const requestOf = (forest: Forest, rows: readonly Row[]): RunRequest => ({
  model: forestModel(forest, INPUTS),
  inputs: [
    { name: 'share', values: Float64Array.from(rows, ({ share }) => share) },
    { name: 'mean', values: Float64Array.from(rows, ({ mean }) => mean) },
    { name: 'hour', values: BigInt64Array.from(rows, ({ hour }) => BigInt(hour)) },
  ],
});

describe('forestModel', () => {
  it('scores in ONNX Runtime as the forest does, for any rows, thresholds and missing values included', async () => {
    await fc.assert(
      fc.asyncProperty(
        rowsOf(8),
        rowsOf(1),
        fc.integer({ min: 1, max: 12 }),
        async (fitted, unseen, trees) => {
          const forest = await forestOf(fitted, trees);
          const rows = [...fitted, ...unseen];
          const expected = predictForest(forest, valuesOf(rows));
          const { scores, single } = await run(requestOf(forest, rows));
          for (const [index, score] of expected.entries()) {
            expect(Math.abs(scores[index]! - score)).toBeLessThan(1e-6);
          }
          expect(single).toEqual(scores);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('takes one named column per input and gives one probability per row', async () => {
    const forest = await forestOf(
      Array.from({ length: 20 }, (_, hour) => ({ share: hour / 20, mean: 0, hour, y: hour > 9 })),
      3,
    );
    const inspection = inspectModel(forestModel(forest, INPUTS));
    expect(inspection).toMatchObject({
      inputs: INPUTS.map((input) => ({ ...input, shape: [-1, 1] })),
      outputs: [{ name: 'probability', datatype: 'FP32', shape: [-1, 1] }],
      operators: ['Cast', 'Concat', 'Gather', 'ai.onnx.ml:TreeEnsembleClassifier'],
      externalFiles: [],
    });
  });

  it('gives equal bytes for equal forests', async () => {
    const rows = Array.from({ length: 20 }, (_, hour) => ({ share: hour, mean: 1, hour, y: hour % 3 === 0 }));
    expect(forestModel(await forestOf(rows, 4), INPUTS)).toEqual(
      forestModel(await forestOf(rows, 4), INPUTS),
    );
  });

  it('refuses inputs that are not one per column', async () => {
    const forest = { columns: ['share', 'mean', 'hour'], base: 0, trees: [] };
    expect(() => forestModel(forest, INPUTS.slice(1))).toThrow('2 inputs for 3 columns');
  });
});
