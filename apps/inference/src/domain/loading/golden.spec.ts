import { describe, expect, it } from '@jest/globals';
import { FakeRunner } from '../../../test/fake-runner.ts';
import { checkGolden } from './golden.ts';

const tensor = (name: string, datatype: string, elements: Float32Array | BigInt64Array) => ({
  name,
  datatype,
  shape: [elements.length, 1],
  raw: new Uint8Array(elements.buffer),
});

function check(x: readonly number[], k: readonly bigint[]): Promise<void> {
  const inputs = [tensor('x', 'FP32', new Float32Array(x)), tensor('k', 'INT64', new BigInt64Array(k))];
  return checkGolden(new FakeRunner(), { absoluteTolerance: 0, cases: [{ inputs, outputs: [] }] }, true);
}

describe('checkGolden', () => {
  it('runs a case whose inputs agree', async () => {
    await expect(check([1, 2], [0n, 1n])).resolves.toBeUndefined();
  });

  it('refuses a case whose inputs disagree on the number of rows', async () => {
    await expect(check([1], Array<bigint>(300).fill(0n))).rejects.toMatchObject({
      reason: 'GOLDEN_MISMATCH',
      message: expect.stringContaining('gives 1 rows of "x" and 300 of "k"'),
    });
  });

  it('refuses a case that the engine cannot run', async () => {
    await expect(check([NaN], [0n])).rejects.toMatchObject({
      reason: 'GOLDEN_MISMATCH',
      message: expect.stringContaining('golden case 0 cannot be run: NaN'),
    });
  });
});
