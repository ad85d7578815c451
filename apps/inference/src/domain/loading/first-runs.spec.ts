import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FakeRunner, SUM_SIGNATURE, type FakeRunnerOptions } from '../../../test/fake-runner.ts';
import { classifyOnDevices, runAgain, runFirst, type DeclaredRuns } from './first-runs.ts';
import { testSizes, type InvarianceTest } from './invariance.ts';
import { RunFailed, RunnerLost, type Batch, type Runner } from '../runners/runner.ts';
import { NO_CONFIG, type ModelConfig } from '../settings/model-config.ts';
import { defaultSettings } from '../settings/model-settings.ts';
import type { ModelSignature } from '../signature.ts';

const ROWLESS: ModelSignature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [2, -1] },
    { name: 'words', datatype: 'BYTES', shape: [3] },
  ],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
};

const modelOf = (signature: ModelSignature, maxBatchRows: number) => ({
  settings: defaultSettings({ maxBatchRows, runners: 1, device: 'cpu' }),
  signature,
  rowed: maxBatchRows > 0,
  wrap: (runner: Runner) => runner,
});
const declared = (parts: Partial<DeclaredRuns> = {}): DeclaredRuns => ({
  config: NO_CONFIG,
  golden: undefined,
  named: new Map(),
  ...parts,
});
const rowless = (options: FakeRunnerOptions = {}) =>
  new FakeRunner({ signature: ROWLESS, compute: () => [{ shape: [0], raw: new Uint8Array() }], ...options });
const onDevice = (runner: Runner, device: string): Runner => ({
  signature: runner.signature,
  device,
  memoryBytes: 0,
  run: (batch) => runner.run(batch),
  abandon: () => runner.abandon(),
  close: () => runner.close(),
});
const sizesOf = ({ batches }: FakeRunner) => [...new Set(batches.map(([rows]) => rows))];

describe('the first runs of a model without rows', () => {
  const model = modelOf(ROWLESS, 0);

  it('are one on each runner, of inputs of the declared shapes whose open dimensions are 1', async () => {
    const runners = [rowless(), rowless()];
    const found = await runFirst(runners, declared(), model);
    expect(found).toEqual({ invariance: { class: 'UNTESTED' }, refusal: undefined });
    expect(runners.map(({ batches }) => batches)).toEqual([[[2, 1]], [[2, 1]]]);
  });

  it('widen open dimensions where the model refuses 1', async () => {
    const least = (size: number) => (batch: Batch) => {
      const [, width = 0] = batch.inputs[0]?.shape ?? [];
      if (width < size) throw new RunFailed(`needs ${size} columns`);
      return [{ shape: [0], raw: new Uint8Array() }];
    };
    const modest = rowless({ compute: least(16) });
    expect(await runFirst([modest], declared(), model)).toMatchObject({ refusal: undefined });
    expect(modest.batches).toEqual([
      [2, 1],
      [2, 8],
      [2, 16],
    ]);
    const picky = rowless({ compute: least(99) });
    expect(await runFirst([picky], declared(), model)).toMatchObject({ refusal: 'needs 99 columns' });
  });

  it('tell that the runner ends', async () => {
    await expect(runFirst([rowless({ crashesOn: () => true })], declared(), model)).rejects.toThrow(
      RunnerLost,
    );
  });

  it('are only those that its files want, where they want any', async () => {
    const data = { kind: 'zero' } as const;
    const inputs: ModelConfig['warmups'][number]['inputs'] = new Map([
      ['x', { datatype: 'FP32', dims: [2, 5], data }],
      ['words', { datatype: 'BYTES', dims: [3], data }],
    ]);
    const config = { ...NO_CONFIG, warmups: [{ name: 'w', rows: 1, times: 2, inputs }] };
    const runner = rowless();
    await runFirst([runner], declared({ config }), model);
    await runAgain(runner, declared({ config }), model);
    expect(runner.batches).toEqual(Array(4).fill([2, 5]));
  });

  it('are the same on a runner that takes the place of another, whatever it refuses', async () => {
    const runner = rowless();
    await runAgain(runner, declared(), model);
    expect(runner.batches).toEqual([[2, 1]]);
    const refuse = () => {
      throw new RunFailed('out of range');
    };
    await expect(runAgain(rowless({ compute: refuse }), declared(), model)).resolves.toBeUndefined();
  });
});

describe('the first runs of a model with rows', () => {
  const model = modelOf(SUM_SIGNATURE, 20);

  it('are of the same sizes on every runner, also on one that takes the place of another', async () => {
    const runners = [new FakeRunner(), new FakeRunner(), new FakeRunner()];
    expect(await runFirst(runners, declared(), model)).toEqual({
      invariance: { class: 'INVARIANT' },
      refusal: undefined,
    });
    const later = new FakeRunner();
    await runAgain(later, declared(), model);
    for (const runner of [...runners, later]) expect(sizesOf(runner)).toEqual([1, 2, 3, 8, 17, 20]);
    expect(later.batches).toHaveLength(2 * 6); // at two widths
  });

  it('tell why the model refuses all rows that are made up for it', async () => {
    const compute = () => {
      throw new RunFailed('out of range');
    };
    const picky = () => new FakeRunner({ compute });
    expect(await runFirst([picky(), picky()], declared(), model)).toEqual({
      invariance: { class: 'UNTESTED', refusal: 'out of range' },
      refusal: 'out of range',
    });
    await expect(runAgain(picky(), declared(), model)).resolves.toBeUndefined();
  });
});

describe('classifyOnDevices', () => {
  const test: InvarianceTest = { golden: undefined, maxBatchRows: 20, policy: { kind: 'alone' } };

  it('tests each device once and takes the worst class', async () => {
    const rising = ({ inputs }: Batch) => {
      const rows = inputs[0]?.shape[0] ?? 0;
      const sums = Float64Array.from({ length: rows }, (_, at) => at);
      return [{ shape: [rows, 1], raw: new Uint8Array(sums.buffer) }];
    };
    const sound = [new FakeRunner(), new FakeRunner()].map((runner) => onDevice(runner, 'cpu'));
    const other = onDevice(new FakeRunner({ compute: rising }), 'cuda:0');
    expect(await classifyOnDevices(sound, test)).toEqual({ class: 'INVARIANT' });
    expect(await classifyOnDevices([...sound, other], test)).toMatchObject({ class: 'VARIANT' });
  });
});

describe('the sizes of a test', () => {
  it('ascend from 1 to the largest, with the pinned one among them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 }), (largest, other) => {
        const rows = Math.min(largest, other);
        const sizes = testSizes({
          golden: undefined,
          maxBatchRows: largest,
          policy: { kind: 'pin', rows },
        });
        expect(sizes).toEqual([...new Set(sizes)].toSorted((left, right) => left - right));
        expect([sizes[0], sizes.at(-1)]).toEqual([1, largest]);
        expect(sizes).toContain(rows);
      }),
    );
  });
});
