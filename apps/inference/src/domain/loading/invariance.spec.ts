import { describe, expect, it } from '@jest/globals';
import { decodeBytesElements, encodeBytesElements } from '@plumbline/tensors';
import { FakeRunner, SUM_SIGNATURE } from '../../../test/fake-runner.ts';
import { checkGolden, type GoldenSet } from './golden.ts';
import { classifyInvariance, type InvarianceTest } from './invariance.ts';
import { RunFailed, type Batch } from '../runners/runner.ts';
import type { ModelSignature } from '../signature.ts';

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

const test = (over: Partial<InvarianceTest> = {}): InvarianceTest => ({
  golden: undefined,
  maxBatchRows: 64,
  policy: { kind: 'alone' },
  ...over,
});

describe('classifyInvariance', () => {
  it('finds a model invariant whose rows do not know each other', async () => {
    expect(
      await classifyInvariance(
        runnerOf((value) => value * 3),
        test(),
      ),
    ).toEqual({ class: 'INVARIANT' });
  });

  it.each<[string, (value: number, at: number, all: Float32Array) => number]>([
    ['the size of the batch', (value, _at, all) => value + (all.length > 16 ? 0.25 : 0)],
    ['the position in the batch', (value, at) => value + (at === 2 ? 0.25 : 0)],
    ['the other rows', (value, _at, all) => value + (all.reduce((a, b) => a + b, 0) > value ? 0.25 : 0)],
  ])('measures how far an answer depends on %s', async (_dependence, answer) => {
    const found = await classifyInvariance(runnerOf(answer), test());
    expect(found).toMatchObject({ class: 'VARIANT' });
    expect('largestDifference' in found && found.largestDifference).toBeCloseTo(0.25, 5);
  });

  it('sees a difference that is only in the bits', async () => {
    const signOfZero = runnerOf((_value, at) => (at === 0 ? 0 : -0));
    expect(await classifyInvariance(signOfZero, test())).toMatchObject({ class: 'VARIANT' });
  });

  it('tests with golden rows where there are any', async () => {
    const picky = runnerOf((value, _at, all) => {
      if (all.some((candidate) => candidate < 100)) throw new RunFailed('out of range');
      return value;
    });
    expect(await classifyInvariance(picky, test())).toEqual({ class: 'UNTESTED', refusal: 'out of range' });
    expect(await classifyInvariance(picky, test({ golden: golden([100, 101], [100, 101]) }))).toEqual({
      class: 'INVARIANT',
    });
  });

  it('leaves models without rows untested', async () => {
    const scalar: ModelSignature = { ...SIGNATURE, outputs: [{ name: 'y', datatype: 'FP32', shape: [1] }] };
    expect(
      await classifyInvariance(
        runnerOf((value) => value, scalar),
        test(),
      ),
    ).toEqual({ class: 'UNTESTED' });
  });

  it('makes up sizes for open dimensions besides the first', async () => {
    const runner = new FakeRunner({ signature: SUM_SIGNATURE });
    expect(await classifyInvariance(runner, test())).toEqual({ class: 'INVARIANT' });
    expect(new Set(runner.batches.map(([, width]) => width))).toEqual(new Set([8, 16]));
  });

  it('reaches the thresholds of models trained on large values', async () => {
    const tree = (at: number) => runnerOf((value, _at, all) => (value > at && all.length < 9 ? 1 : 0));
    expect(await classifyInvariance(tree(-500), test())).toMatchObject({ class: 'VARIANT' });
    expect(await classifyInvariance(tree(50), test())).toMatchObject({ class: 'VARIANT' });
  });

  it('falls back to small values where the model takes no others', async () => {
    const picky = runnerOf((value) => {
      if (Math.abs(value) > 2) throw new RunFailed('out of range');
      return value;
    });
    expect(await classifyInvariance(picky, test())).toEqual({ class: 'INVARIANT' });
  });
});

describe('classifyInvariance at a pinned size', () => {
  const policy = { kind: 'pin', rows: 8 } as const;

  it('finds a model invariant at that size whose answers only change with the size', async () => {
    const runner = runnerOf((value, _at, all) => value + all.length / 100);
    expect(await classifyInvariance(runner, test({ policy }))).toEqual({ class: 'INVARIANT', rows: 8 });
    expect(runner.batches.slice(-20).every(([rows]) => rows === 8)).toBe(true);
  });

  it('measures the difference that is left at that size', async () => {
    const runner = runnerOf((value, at, all) => value + all.length + (at === 5 ? 0.25 : 0));
    const found = await classifyInvariance(runner, test({ policy }));
    expect(found).toMatchObject({ class: 'VARIANT', rows: 8 });
    expect('largestDifference' in found && found.largestDifference).toBeCloseTo(0.25, 5);
  });

  it('asks for no size where none is needed', async () => {
    const runner = runnerOf((value) => value * 2);
    expect(await classifyInvariance(runner, test({ policy }))).toEqual({ class: 'INVARIANT' });
  });
});

describe('classifyInvariance of rows that show nothing', () => {
  it('leaves a model untested that answers all test rows alike', async () => {
    expect(
      await classifyInvariance(
        runnerOf(() => 1),
        test(),
      ),
    ).toEqual({ class: 'UNTESTED' });
  });

  it('tests beside other rows where only one is known', async () => {
    const neighbourly = runnerOf((value, _at, all) => (all.every((other) => other === value) ? value : 0.5));
    const found = await classifyInvariance(neighbourly, test({ golden: golden([2], [2]) }));
    expect(found).toMatchObject({ class: 'VARIANT' });
  });
});

describe('classifyInvariance of texts', () => {
  const signature: ModelSignature = {
    inputs: [{ name: 'word', datatype: 'BYTES', shape: [-1, 2] }],
    outputs: [{ name: 'echo', datatype: 'BYTES', shape: [-1] }],
  };
  /** Answers a row with its two words in one, and what `more` says. */
  const echo = (more: (row: number, rows: number) => string) =>
    new FakeRunner({
      signature,
      compute: ({ buffer, inputs: [region] }: Batch) => {
        const words = decodeBytesElements(new Uint8Array(buffer, region?.offsetBytes, region?.sizeBytes));
        const rows = words.length / 2;
        const texts = Array.from({ length: rows }, (_, row) =>
          Buffer.from(`${String(words[2 * row])}${String(words[2 * row + 1])}${more(row, rows)}`),
        );
        return [{ shape: [rows], raw: encodeBytesElements(texts) }];
      },
    });

  it('finds those invariant whose texts stay with their rows', async () => {
    expect(
      await classifyInvariance(
        echo(() => ''),
        test(),
      ),
    ).toEqual({ class: 'INVARIANT' });
  });

  it('sees one that changes in some places, also in length', async () => {
    const found = await classifyInvariance(
      echo((row, rows) => (row === 2 && rows > 2 ? '!' : '')),
      test(),
    );
    expect(found).toEqual({ class: 'VARIANT', largestDifference: Infinity });
  });
});

describe('checkGolden', () => {
  const runner = runnerOf((value) => value + 0.5);

  it('accepts equal bits, and differences within the declared tolerance', async () => {
    await expect(checkGolden(runner, golden([1, 2], [1.5, 2.5]), true)).resolves.toBeUndefined();
    await expect(checkGolden(runner, golden([1, 2], [1.5, 2.75], 0.25), true)).resolves.toBeUndefined();
  });

  it.each<[string, GoldenSet]>([
    ['any difference where none is declared', golden([1, 2], [1.5, Math.fround(2.5 + 1e-6)])],
    ['a difference beyond the tolerance', golden([1, 2], [1.5, 3], 0.25)],
    ['another number of rows', golden([1, 2], [1.5])],
    ['NaN where a number is due', golden([1], [NaN], 1)],
  ])('refuses %s', async (_case, set) => {
    await expect(checkGolden(runner, set, true)).rejects.toMatchObject({ reason: 'GOLDEN_MISMATCH' });
  });

  it('refuses a golden set that does not fit the model', async () => {
    const [only] = golden([1], [1.5]).cases;
    const renamed = { absoluteTolerance: 0, cases: [{ inputs: [], outputs: only?.outputs ?? [] }] };
    await expect(checkGolden(runner, renamed, true)).rejects.toMatchObject({ reason: 'GOLDEN_MISMATCH' });
  });

  it('refuses inputs of which a batch would not fit, before it makes any up', async () => {
    const signature: ModelSignature = {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2 ** 41] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
    };
    const check = classifyInvariance(new FakeRunner({ signature }), test({ maxBatchRows: 8 }));
    await expect(check).rejects.toMatchObject({ reason: 'BATCH_TOO_LARGE' });
  });
});
