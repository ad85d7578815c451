import { describe, expect, it } from '@jest/globals';
import { FakeRunner, SUM_SIGNATURE } from '../../test/fake-runner.ts';
import { checkGolden, type GoldenSet } from './golden.ts';
import { classifyInvariance } from './invariance.ts';
import { RunFailed, type Batch } from './runner.ts';
import type { ModelSignature } from './signature.ts';

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 1] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
};

/** A runner whose output is a function of the row and of all rows of the batch. */
const runnerOf = (answer: (value: number, at: number, all: Float32Array) => number, signature = SIGNATURE) =>
  new FakeRunner({
    signature,
    compute: ({ buffer, inputs }: Batch) => {
      const rows = inputs[0]?.shape[0] ?? 0;
      const all = new Float32Array(buffer, inputs[0]?.offsetBytes, rows);
      const results = Float32Array.from(all, (value, at) => answer(value, at, all));
      return [{ shape: [rows, 1], raw: new Uint8Array(results.buffer) }];
    },
  });
const float = (...values: number[]) => Buffer.from(new Float32Array(values).buffer);
const golden = (inputs: number[], outputs: number[], absoluteTolerance = 0): GoldenSet => ({
  absoluteTolerance,
  cases: [
    {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [inputs.length, 1], raw: float(...inputs) }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [outputs.length, 1], raw: float(...outputs) }],
    },
  ],
});

describe('classifyInvariance', () => {
  it('finds a model invariant whose rows do not know each other', async () => {
    expect(
      await classifyInvariance(
        runnerOf((value) => value * 3),
        undefined,
        64,
      ),
    ).toEqual({ class: 'INVARIANT' });
  });

  it.each<[string, (value: number, at: number, all: Float32Array) => number]>([
    ['the size of the batch', (value, _at, all) => value + (all.length > 16 ? 0.25 : 0)],
    ['the position in the batch', (value, at) => value + (at === 2 ? 0.25 : 0)],
    ['the other rows', (value, _at, all) => value + (all.reduce((a, b) => a + b, 0) > value ? 0.25 : 0)],
  ])('measures how far an answer depends on %s', async (_dependence, answer) => {
    const found = await classifyInvariance(runnerOf(answer), undefined, 64);
    expect(found).toMatchObject({ class: 'VARIANT' });
    expect('largestDifference' in found && found.largestDifference).toBeCloseTo(0.25, 5);
  });

  it('sees a difference that is only in the bits', async () => {
    const signOfZero = runnerOf((_value, at) => (at === 0 ? 0 : -0));
    expect(await classifyInvariance(signOfZero, undefined, 64)).toMatchObject({ class: 'VARIANT' });
  });

  it('tests with golden rows where there are any', async () => {
    const picky = runnerOf((value, _at, all) => {
      if (all.some((candidate) => candidate < 100)) throw new RunFailed('out of range');
      return value;
    });
    expect(await classifyInvariance(picky, undefined, 64)).toEqual({ class: 'UNTESTED' });
    expect(await classifyInvariance(picky, golden([100, 101], [100, 101]), 64)).toEqual({
      class: 'INVARIANT',
    });
  });

  it('leaves models without rows, and open shapes without golden rows, untested', async () => {
    const scalar: ModelSignature = { ...SIGNATURE, outputs: [{ name: 'y', datatype: 'FP32', shape: [1] }] };
    expect(
      await classifyInvariance(
        runnerOf((value) => value, scalar),
        undefined,
        64,
      ),
    ).toEqual({ class: 'UNTESTED' });
    expect(await classifyInvariance(new FakeRunner({ signature: SUM_SIGNATURE }), undefined, 64)).toEqual({
      class: 'UNTESTED',
    });
  });
});

describe('checkGolden', () => {
  const runner = runnerOf((value) => value + 0.5);

  it('accepts equal bits, and differences within the declared tolerance', async () => {
    await expect(checkGolden(runner, golden([1, 2], [1.5, 2.5]))).resolves.toBeUndefined();
    await expect(checkGolden(runner, golden([1, 2], [1.5, 2.75], 0.25))).resolves.toBeUndefined();
  });

  it.each<[string, GoldenSet]>([
    ['any difference where none is declared', golden([1, 2], [1.5, Math.fround(2.5 + 1e-6)])],
    ['a difference beyond the tolerance', golden([1, 2], [1.5, 3], 0.25)],
    ['another number of rows', golden([1, 2], [1.5])],
    ['NaN where a number is due', golden([1], [NaN], 1)],
  ])('refuses %s', async (_case, set) => {
    await expect(checkGolden(runner, set)).rejects.toMatchObject({ reason: 'GOLDEN_MISMATCH' });
  });

  it('refuses a golden set that does not fit the model', async () => {
    const [only] = golden([1], [1.5]).cases;
    const renamed = { absoluteTolerance: 0, cases: [{ inputs: [], outputs: only?.outputs ?? [] }] };
    await expect(checkGolden(runner, renamed)).rejects.toMatchObject({ reason: 'GOLDEN_MISMATCH' });
  });

  it('refuses inputs of which a batch would not fit, before it makes any up', async () => {
    const signature: ModelSignature = {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2 ** 41] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
    };
    const check = classifyInvariance(new FakeRunner({ signature }), undefined, 8);
    await expect(check).rejects.toMatchObject({ reason: 'BATCH_TOO_LARGE' });
  });
});
