import { setImmediate as giveWay } from 'node:timers/promises';
import { forestModel, PROBABILITY } from '../domain/artifact/forest-model.ts';
import { planInputs } from '../domain/artifact/input-plan.ts';
import { fitForest, type FittedForest } from '../domain/boosting/boost.ts';
import { predictForest, type Forest } from '../domain/boosting/forest.ts';
import { columnOf, type LabelledMatrix } from '../domain/boosting/matrix.ts';
import { compare, featureAsScore, measure } from '../domain/evaluation/measure.ts';
import type { EngineProgress, FitOutcome, FitTask, InputPlan } from '../domain/training/engine.ts';
import { baselineProfile } from './baseline.ts';
import { EngineFailure } from './engine-failure.ts';
import { baselineColumn } from './features.ts';
import { GOLDEN_ROWS, goldenSet, spacedRows } from './golden-set.ts';
import type { MemoryLimit } from './memory.ts';
import { ModelSession } from './model-session.ts';
import { readDataset, type LoadedDataset } from './read-dataset.ts';

export interface TaskTools {
  readonly memory: MemoryLimit;
  readonly report: (progress: EngineProgress) => void;
}

/** Greatest accepted difference of a score between the fitted forest and its exported model. */
const EXPORT_TOLERANCE = 1e-5;
const EXPORT_CHECK_ROWS = 4096;

/** Fits on one data set, judges the exported model on another, and makes the files of a version. */
export async function runFit(task: FitTask, tools: TaskTools): Promise<FitOutcome> {
  if (task.baselineFeature !== '') baselineColumn(task.gate.features, task.baselineFeature);
  tools.report({ phase: 'fitting', progress: 0 });
  const fit = await readDataset(task.fit, tools.memory);
  const gate = await readDataset(task.gate, tools.memory);
  const inputs = planInputs(featureColumns(task, [fit, gate]));
  const { forest, scores } = await grow(fit.matrix, task, tools);
  tools.report({ phase: 'evaluating', progress: 0 });
  const model = forestModel(forest, inputs);
  const session = await ModelSession.open(model, bound(inputs), PROBABILITY.name);
  try {
    await checkExport(forest, session, gate.matrix);
    const gateScores = await session.score(gate.matrix, (share) =>
      tools.report({ phase: 'evaluating', progress: share / 2 }),
    );
    const golden = spacedRows(gate.matrix.rowCount, GOLDEN_ROWS);
    return {
      inputs,
      model,
      baseline: baselineProfile(
        [
          { dataset: fit, scores },
          { dataset: gate, scores: gateScores },
        ],
        inputs,
      ),
      golden: goldenSet(gate.matrix, inputs, golden, await session.scoreRows(gate.matrix, golden)),
      metrics: measure(gateScores, gate.matrix.labels),
      ...differenceToBaseline(task, gate.matrix, gateScores),
    };
  } finally {
    await session.close();
  }
}

function featureColumns({ fit }: FitTask, datasets: readonly LoadedDataset[]) {
  return fit.features.map((feature, column) => ({
    feature,
    source: fit.featureSources[column] ?? '',
    isInteger: datasets.every(({ columns }) => columns[column]!.isInteger),
    hasNulls: datasets.some(({ columns }) => columns[column]!.hasNulls),
  }));
}

function bound(inputs: readonly InputPlan[]) {
  return inputs.map(({ name, datatype }, column) => ({ name, datatype, column }));
}

/** Bins in three bytes, beyond 256 columns in five; row numbers three times, and three doubles per row. */
const fittingBytesPerRow = (columns: number): number => (columns > 256 ? 5 : 3) * columns + 3 * 4 + 3 * 8;

function grow(
  matrix: LabelledMatrix,
  { parameters, seed }: FitTask,
  tools: TaskTools,
): Promise<FittedForest> {
  tools.memory.reserve(matrix.rowCount * fittingBytesPerRow(matrix.columns.length), 'fitting');
  return fitForest(matrix, {
    parameters,
    seed,
    async onTree(treesGrown) {
      tools.memory.check();
      tools.report({ phase: 'fitting', progress: treesGrown / parameters.trees });
      await giveWay();
    },
  });
}

async function checkExport(forest: Forest, session: ModelSession, matrix: LabelledMatrix): Promise<void> {
  const rows = spacedRows(matrix.rowCount, EXPORT_CHECK_ROWS);
  const exported = await session.scoreRows(matrix, rows);
  const fitted = predictForest(forest, rowsOf(matrix, rows));
  for (const [index, score] of exported.entries()) {
    if (Math.abs(score - fitted[index]!) <= EXPORT_TOLERANCE) continue;
    throw new EngineFailure(
      'EXPORT_MISMATCH',
      `row ${rows[index]} scores ${fitted[index]} but exports ${score}`,
    );
  }
}

function rowsOf({ values, columns }: LabelledMatrix, rows: Uint32Array): Float32Array {
  const width = columns.length;
  const gathered = new Float32Array(rows.length * width);
  rows.forEach((row, index) => gathered.set(values.subarray(row * width, (row + 1) * width), index * width));
  return gathered;
}

function differenceToBaseline(
  { baselineFeature }: FitTask,
  matrix: LabelledMatrix,
  scores: Float32Array,
): Pick<FitOutcome, 'baselineDifference'> {
  if (baselineFeature === '') return {};
  const column = baselineColumn(matrix.columns, baselineFeature);
  const baseline = featureAsScore(columnOf(matrix, column));
  return { baselineDifference: compare(scores, baseline, matrix.labels) };
}
