import { columnOf } from '../domain/boosting/matrix.ts';
import { compare, featureAsScore, measure } from '../domain/evaluation/measure.ts';
import type { ScoredVersion, ScoreOutcome, ScoreTask } from '../domain/training/engine.ts';
import { baselineColumn, inputColumn } from './features.ts';
import { ModelSession } from './model-session.ts';
import { readDataset, type LoadedDataset } from './read-dataset.ts';
import type { TaskTools } from './run-fit.ts';

/** Scores versions on one data set and compares the first with the others, on the same rows. */
export async function runScore(task: ScoreTask, tools: TaskTools): Promise<ScoreOutcome> {
  const rows = await readDataset(task.rows, tools.memory);
  const { labels } = rows.matrix;
  const baselines = task.baselineFeatures.map((feature) =>
    featureAsScore(columnOf(rows.matrix, baselineColumn(rows.matrix.columns, feature))),
  );
  const scores: Float32Array[] = [];
  for (const version of task.versions) {
    scores.push(await scoreVersion(version, rows));
    tools.report({ phase: 'evaluating', progress: scores.length / task.versions.length });
  }
  const [first = new Float32Array(), ...others] = scores;
  return {
    metrics: scores.map((each) => measure(each, labels)),
    versionDifferences: others.map((other) => compare(first, other, labels)),
    featureDifferences: baselines.map((baseline) => compare(first, baseline, labels)),
  };
}

async function scoreVersion(version: ScoredVersion, { matrix }: LoadedDataset): Promise<Float32Array> {
  const inputs = version.inputs.map(({ name, datatype, feature }) => ({
    name,
    datatype,
    column: inputColumn(matrix.columns, feature),
  }));
  const session = await ModelSession.open(version.modelPath, inputs, version.output);
  try {
    return await session.score(matrix);
  } finally {
    await session.close();
  }
}
