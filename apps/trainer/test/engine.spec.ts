import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ProfileSchema } from '@plumbline/contract-monitor';
import { GoldenSetSchema } from '@plumbline/contract-registry';
import { inspectModel } from '@plumbline/onnx';
import { temporaryDirectory } from '@plumbline/testing';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_PARAMETERS } from '../src/domain/boosting/parameters.ts';
import type { DatasetFile, FitTask } from '../src/domain/training/engine.ts';
import { ProcessEngine } from '../src/engine/process-engine.ts';
import { FEATURES, SHARE, writeDataset } from './flights.ts';

const PARAMETERS = { ...DEFAULT_PARAMETERS, trees: 12, leaves: 8, minLeafWeight: 5 };
const engine = new ProcessEngine({ processes: 2, memoryMiB: 2048, timeoutMs: 60_000 });
const { signal } = new AbortController();

let directory: string;
let fit: DatasetFile;
let gate: DatasetFile;
const taskOf = (changes: Partial<FitTask> = {}): FitTask => ({
  fit,
  gate,
  parameters: PARAMETERS,
  seed: 7,
  baselineFeature: SHARE,
  ...changes,
});

beforeAll(async () => {
  directory = await temporaryDirectory();
  fit = await writeDataset(directory, { rows: 6000, seed: 1 });
  gate = await writeDataset(directory, { rows: 3000, seed: 2 });
});

describe('fitting', () => {
  it('gives a model that beats its baseline feature, with profile and golden set', async () => {
    const phases = new Set<string>();
    const outcome = await engine.fit(taskOf(), { signal, onProgress: ({ phase }) => phases.add(phase) });

    expect([...phases]).toEqual(['fitting', 'evaluating']);
    expect(outcome.inputs.map(({ name, datatype }) => `${name} ${datatype}`)).toEqual([
      'count_24h FP64',
      'late_share_24h FP64',
      'mean_delay_28d FP64',
      'hour INT64',
    ]);
    expect(outcome.metrics.map(({ name, n }) => [name, n])).toEqual([
      ['roc_auc', 3000],
      ['brier', 3000],
      ['log_loss', 3000],
      ['calibration_in_the_large', 3000],
    ]);
    expect(outcome.metrics[0]!.lower).toBeGreaterThan(0.6);
    expect(outcome.baselineDifference!.lower).toBeGreaterThan(0);
    expect(inspectModel(outcome.model).inputs.map(({ name }) => name)).toEqual(
      outcome.inputs.map(({ name }) => name),
    );

    const profile = fromBinary(ProfileSchema, outcome.baseline);
    expect(profile.features.map(({ name, n }) => [name, n])).toEqual(FEATURES.map((name) => [name, 9000n]));
    expect(profile.score).toMatchObject({ name: 'score', n: 9000n, nans: 0n, nulls: 0n });

    const [golden] = fromBinary(GoldenSetSchema, outcome.golden).cases;
    expect(golden!.inputs.map(({ name, datatype }) => `${name} ${datatype}`)).toEqual(
      outcome.inputs.map(({ name, datatype }) => `${name} ${datatype}`),
    );
    expect(golden!.outputs).toMatchObject([{ name: 'probability', datatype: 'FP32', shape: [64n, 1n] }]);
  });

  it('gives the same bytes for the same data, parameters and seed', async () => {
    const [first, second] = await Promise.all([
      engine.fit(taskOf(), { signal }),
      engine.fit(taskOf(), { signal }),
    ]);
    expect(second).toEqual(first);
  });

  it.each([
    ['an unknown baseline feature', () => ({ baselineFeature: 'no:such' }), 'FEATURE_UNKNOWN'],
    [
      'a file that is no Parquet',
      () => ({ fit: { ...fit, path: join(directory, 'text') } }),
      'DATASET_UNREADABLE',
    ],
    ['a column that is not there', () => ({ fit: { ...fit, features: ['x:y'] } }), 'DATASET_UNREADABLE'],
    ['more rows than described', () => ({ fit: { ...fit, rows: 10 } }), 'DATASET_UNREADABLE'],
  ] as const)('refuses %s', async (_what, changes, reason) => {
    await writeFile(join(directory, 'text'), 'not Parquet');
    await expect(engine.fit(taskOf(changes()), { signal })).rejects.toMatchObject({ reason });
  });

  it('refuses labels that are all alike', async () => {
    const oneClass = await writeDataset(directory, { rows: 100, seed: 1, oneClass: true });
    await expect(engine.fit(taskOf({ gate: oneClass }), { signal })).rejects.toMatchObject({
      reason: 'DATASET_ONE_CLASS',
    });
  });

  it('refuses a data set that cannot fit into its memory, before reading it', async () => {
    const vast = { ...fit, rows: 500_000_000 };
    await expect(engine.fit(taskOf({ fit: vast }), { signal })).rejects.toMatchObject({
      reason: 'DATASET_TOO_LARGE',
      codeName: 'FAILED_PRECONDITION',
    });
  });
});

describe('scoring', () => {
  it('compares versions with each other and with a feature, on the same rows', async () => {
    const versions = await Promise.all(
      [8, 2].map(async (leaves) => {
        const parameters = { ...PARAMETERS, leaves, trees: leaves };
        const { model, inputs } = await engine.fit(taskOf({ parameters }), { signal });
        const modelPath = join(directory, `model-${leaves}.onnx`);
        await writeFile(modelPath, model);
        return { digest: `sha256:${leaves}`, modelPath, inputs, output: 'probability' };
      }),
    );
    const outcome = await engine.score({ rows: gate, versions, baselineFeatures: [SHARE] }, { signal });
    const [better, worse] = outcome.metrics.map(([auc]) => auc!.value);
    expect(outcome.versionDifferences).toHaveLength(1);
    expect(outcome.versionDifferences[0]!.value).toBeCloseTo(better! - worse!, 12);
    expect(outcome.versionDifferences[0]!.lower).toBeGreaterThan(0);
    expect(outcome.featureDifferences[0]!.lower).toBeGreaterThan(0);
  });

  it('refuses a version whose feature is missing and one that is no model', async () => {
    const modelPath = join(directory, 'garbage.onnx');
    await writeFile(modelPath, 'garbage');
    const version = { digest: 'sha256:0', modelPath, output: 'probability' };
    const input = { name: 'x', datatype: 'FP64' };
    const score = (feature: string) =>
      engine.score(
        { rows: gate, versions: [{ ...version, inputs: [{ ...input, feature }] }], baselineFeatures: [] },
        { signal },
      );
    await expect(score('no:such')).rejects.toMatchObject({ reason: 'DATASETS_DIFFER' });
    await expect(score(SHARE)).rejects.toMatchObject({ reason: 'VERSION_UNUSABLE' });
  });
});

describe('the process', () => {
  const slow = { parameters: { ...PARAMETERS, trees: 2000, leaves: 200 } };

  it('is killed when the caller gives up, with the reason that the caller gave', async () => {
    const giveUp = new AbortController();
    const reason = new Error('no longer wanted');
    const fitting = engine.fit(taskOf(slow), {
      signal: giveUp.signal,
      onProgress: ({ progress }) => {
        if (progress > 0) giveUp.abort(reason);
      },
    });
    await expect(fitting).rejects.toBe(reason);
  });

  it('is killed when its time is over', async () => {
    const hasty = new ProcessEngine({ processes: 1, memoryMiB: 2048, timeoutMs: 300 });
    await expect(hasty.fit(taskOf(slow), { signal })).rejects.toMatchObject({ reason: 'ENGINE_TIMEOUT' });
  });

  it('is reported as dead when it ends without an answer', async () => {
    const entry = new URL('./dying-engine.ts', import.meta.url);
    const dying = new ProcessEngine({ processes: 1, memoryMiB: 256, timeoutMs: 60_000, entry });
    await expect(dying.fit(taskOf(), { signal })).rejects.toMatchObject({
      reason: 'ENGINE_DIED',
      message: expect.stringContaining('exit status 3'),
      cause: expect.stringContaining('last words'),
    });
  });

  it('waits while as many as allowed are running, in order', async () => {
    const single = new ProcessEngine({ processes: 1, memoryMiB: 2048, timeoutMs: 60_000 });
    const ended: string[] = [];
    const quick = { parameters: { ...PARAMETERS, trees: 1 } };
    const giveUp = new AbortController();
    const waiting = single.fit(taskOf(quick), { signal });
    const impatient = single.fit(taskOf(quick), { signal: giveUp.signal });
    const last = single.fit(taskOf(quick), { signal });
    giveUp.abort(new Error('waited enough'));
    await expect(impatient).rejects.toThrow('waited enough');
    await Promise.all([waiting.then(() => ended.push('first')), last.then(() => ended.push('last'))]);
    expect(ended).toEqual(['first', 'last']);
  });
});
