import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NO_CONFIG, type ModelConfig } from './model-config.ts';
import { moveOnes, reshapingOf } from './reshape.ts';
import { RunFailed, type Batch, type Runner } from '../runners/runner.ts';
import type { ModelSignature } from '../signature.ts';

const MODEL: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [
    { name: 'p', datatype: 'FP32', shape: [-1, 2] },
    { name: 'label', datatype: 'INT64', shape: [-1] },
  ],
};
const tensor = (name: string, dims: readonly number[], reshape?: readonly number[]) => ({
  name,
  datatype: 'FP32' as const,
  dims,
  reshape,
  labelFilename: '',
});
const config = (parts: Partial<ModelConfig>): ModelConfig => ({ ...NO_CONFIG, ...parts });
const LABEL = config({ outputs: [tensor('label', [1], [])] });

function fakeRunner(batches: Batch[], labelShape: readonly number[]): Runner {
  return {
    signature: MODEL,
    device: 'cpu',
    memoryBytes: 7,
    run: (batch) => {
      batches.push(batch);
      const raw = new Uint8Array(24);
      return Promise.resolve({
        waitedUs: 0,
        inputUs: 0,
        inferUs: 1,
        outputs: [
          { shape: [3, 2], raw },
          { shape: labelShape, raw },
        ],
      });
    },
    abandon: () => undefined,
    close: () => Promise.resolve(),
  };
}

const region = (shape: readonly number[]) => ({ offsetBytes: 0, sizeBytes: 24, shape });

describe('a reshape', () => {
  it('shows callers the dims and the model its own shape', async () => {
    const batches: Batch[] = [];
    const { signature, wrap } = reshapingOf(
      config({ inputs: [tensor('x', [1, 4, 1], [4])], outputs: [tensor('label', [1], [])] }),
      MODEL,
      true,
    );
    expect(signature.inputs[0]?.shape).toEqual([-1, 1, 4, 1]);
    expect(signature.outputs.map(({ shape }) => shape)).toEqual([
      [-1, 2],
      [-1, 1],
    ]);
    const runner = wrap(fakeRunner(batches, [3]));
    expect(runner.signature).toBe(signature);
    const { outputs } = await runner.run({
      buffer: new ArrayBuffer(64),
      inputs: [region([3, 1, 4, 1])],
      outputs: [undefined, region([3, 1])],
    });
    expect(outputs.map(({ shape }) => shape)).toEqual([
      [3, 2],
      [3, 1],
    ]);
    expect(batches[0]).toMatchObject({ inputs: [{ shape: [3, 4] }], outputs: [undefined, { shape: [3] }] });
  });

  it('fails a run whose output has not the declared form', async () => {
    const { wrap } = reshapingOf(LABEL, MODEL, true);
    const batch = { buffer: new ArrayBuffer(64), inputs: [region([3, 4])], outputs: [undefined, undefined] };
    await expect(wrap(fakeRunner([], [3, 5])).run(batch)).rejects.toThrow(RunFailed);
  });

  it('leaves runners alone where none is asked for', () => {
    const runner = fakeRunner([], [3]);
    expect(reshapingOf(NO_CONFIG, MODEL, true).wrap(runner)).toBe(runner);
  });

  it('is refused where more than dimensions of size 1 differ', () => {
    const parts = { inputs: [tensor('x', [2, 2], [4])] };
    const message = expect.stringContaining('input[0].reshape is [4] for dims [2,2]') as unknown;
    expect(() => reshapingOf(config(parts), MODEL, true)).toThrow(
      expect.objectContaining({ reason: 'MODEL_CONFIG_INVALID', message }),
    );
  });

  it('moves ones there and back, whatever the sizes between them', () => {
    const ones = fc.array(fc.constant(1), { maxLength: 2 });
    const parts = fc.array(fc.tuple(ones, ones, fc.integer({ min: 1, max: 9 })), { maxLength: 4 });
    fc.assert(
      fc.property(parts, (pieces) => {
        const form = (at: 0 | 1) => pieces.flatMap((piece) => [...piece[at], -1]);
        const shape = (at: 0 | 1) => pieces.flatMap((piece) => [...piece[at], piece[2]]);
        expect(moveOnes(shape(0), form(0), form(1))).toEqual(shape(1));
        expect(moveOnes(shape(1), form(1), form(0))).toEqual(shape(0));
      }),
    );
  });
});
