import { describe, expect, it } from '@jest/globals';
import { bench, gate, one, turn, UNLIMITED } from '../../../test/batcher-bench.ts';
import { sumRequest } from '../../../test/fake-runner.ts';

const TIMES = { waitedUs: 4_000, inputUs: 500, inferUs: 3_000 };

describe('the times of requests', () => {
  it('count the wait behind the run before as queue, and all that follows the engine as output', async () => {
    const { before, open } = gate();
    const { batcher, statistics, clock } = bench({ before, depth: 2, times: TIMES });
    const answer = batcher.infer(one(1), UNLIMITED);
    clock.setTo(2);
    await turn();
    clock.setTo(12);
    await open();
    expect(await answer).toMatchObject({ queueUs: 6_000, inferUs: 3_000 });
    const { success, queue, computeInput, computeInfer, computeOutput, batches } = statistics.snapshot();
    const ns = [queue, computeInput, computeInfer, computeOutput].map((time) => time.ns);
    expect(ns).toEqual([6_000_000, 500_000, 3_000_000, 2_500_000]);
    expect(success.ns).toBe(ns.reduce((sum, part) => sum + part, 0));
    expect(batches).toMatchObject([{ rows: 1, computeInput, computeInfer, computeOutput }]);
  });

  it('are never less than nothing where the runner tells of more than has passed', async () => {
    const { batcher, statistics } = bench({ times: TIMES });
    await batcher.infer(one(1), UNLIMITED);
    expect(statistics.snapshot().computeOutput).toEqual({ count: 1, ns: 0 });
  });

  it('take the queue of a split request to end when the first of its batches begins', async () => {
    const { before, open } = gate();
    const { batcher, statistics, clock } = bench({ before, batching: { maxRows: 2 } });
    const answer = batcher.infer(sumRequest([[1], [2], [3]], [0n, 0n, 0n]), UNLIMITED);
    clock.setTo(5);
    await turn();
    clock.setTo(9);
    await open();
    await open();
    expect((await answer).queueUs).toBe(5_000);
    expect(statistics.snapshot().executionCount).toBe(2);
  });
});
