import { describe, expect, it } from '@jest/globals';
import { hasReason } from '@plumbline/errors';
import fc from 'fast-check';
import {
  answers,
  bench,
  gate,
  hasPoison,
  one,
  POISON,
  turn,
  UNLIMITED,
} from '../../../test/batcher-bench.ts';
import { sumOf, sumRequest } from '../../../test/fake-runner.ts';

const request = fc.record({
  rows: fc.integer({ min: 1, max: 20 }),
  width: fc.integer({ min: 1, max: 3 }),
  seed: fc.integer({ min: 0, max: 1000 }),
});

describe('Batcher', () => {
  it('gives every caller exactly its own rows among thousands of interleaved requests', async () => {
    let served = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 40, maxLength: 120 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (requests, maxBatchRows, runners, together) => {
          const { batcher, statistics } = bench({
            batching: { maxRows: together ? maxBatchRows : 1, together },
            runners,
            depth: 2,
            before: async () => void (await turn()),
          });
          const outcomes = requests.map(async ({ rows, width, seed }, index) => {
            for (let pause = 0; pause < seed % 4; pause++) await turn();
            const x = Array.from({ length: rows }, (_, row) =>
              Array.from({ length: width }, (__, at) => seed + row + at),
            );
            const k = Array.from({ length: rows }, (_, row) => BigInt(index * 100 + row));
            const answer = await batcher.infer(sumRequest(x, k), UNLIMITED);
            expect(answer.outputs.map(answers)).toEqual([
              x.map((values, row) => sumOf(values, k[row] ?? 0n)),
            ]);
            if (together) expect(answer.batchRows).toBeLessThanOrEqual(maxBatchRows);
            else expect(answer.batchRows).toBe(rows);
          });
          await Promise.all(outcomes);
          served += requests.length;
          expect(statistics.counts).toMatchObject({
            requests: requests.length,
            rows: requests.reduce((sum, { rows }) => sum + rows, 0),
          });
        },
      ),
      { numRuns: 60 },
    );
    expect(served).toBeGreaterThan(2000);
  });

  it('fails only the requests that the engine refuses, however they were batched', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 60 }), async (poisons) => {
        const { batcher } = bench({ depth: 2 });
        const outcomes = await Promise.allSettled(
          poisons.map((poison, index) => batcher.infer(one(poison ? NaN : index), UNLIMITED)),
        );
        outcomes.forEach((outcome, index) => {
          if (outcome.status === 'fulfilled') {
            expect(poisons[index]).toBe(false);
            expect(outcome.value.outputs.map(answers)).toEqual([[index + 1]]);
          } else {
            expect(poisons[index]).toBe(true);
            expect(hasReason(outcome.reason, 'INFERENCE_FAILED')).toBe(true);
          }
        });
      }),
      { numRuns: 50 },
    );
  });

  it('seals late: requests that come while the runner is busy share the next batch', async () => {
    const { before, open } = gate();
    const { batcher, runners } = bench({ before });
    const first = batcher.infer(one(0), UNLIMITED);
    await turn();
    const others = [1, 2, 3].map((value) => batcher.infer(one(value), UNLIMITED));
    await open();
    await open();
    await Promise.all([first, ...others]);
    expect(runners[0]?.batches).toEqual([
      [1, 2],
      [3, 2],
    ]);
  });

  it('runs every request alone, whole, where rows may not share a batch', async () => {
    const { batcher, runners } = bench({ batching: { together: false, maxRows: 1 } });
    await Promise.all([
      batcher.infer(one(1), UNLIMITED),
      batcher.infer(sumRequest([[1], [2], [3], [4], [5]], [0n, 0n, 0n, 0n, 0n]), UNLIMITED),
    ]);
    expect(runners[0]?.batches).toEqual([
      [1, 2],
      [5, 1],
    ]);
  });

  it('refuses when the queue is full, with a hint when to come back', async () => {
    const { before, open } = gate();
    const { batcher } = bench({ before, maxQueuedRows: 2 });
    const running = batcher.infer(one(0), UNLIMITED);
    await turn();
    const queued = [1, 2].map((value) => batcher.infer(one(value), UNLIMITED));
    expect(() => batcher.infer(one(3), UNLIMITED)).toThrow(
      expect.objectContaining({ reason: 'QUEUE_FULL', retryAfterMs: expect.any(Number) as unknown }),
    );
    await open();
    await open();
    await Promise.all([running, ...queued]);
  });

  it('hints at the time that what runs and what waits will take', async () => {
    const { before, open } = gate();
    const { batcher, clock } = bench({ before, depth: 2, maxQueuedRows: 2, batching: { maxRows: 1 } });
    const first = batcher.infer(one(0), UNLIMITED);
    await turn();
    clock.setTo(10);
    await open();
    await first;
    const accepted: Promise<unknown>[] = [];
    for (const value of [1, 2, 3, 4]) {
      accepted.push(batcher.infer(one(value), UNLIMITED));
      await turn();
    }
    // Two runs of 10 ms are under way, two wait.
    expect(() => batcher.infer(one(5), UNLIMITED)).toThrow(
      expect.objectContaining({ reason: 'QUEUE_FULL', retryAfterMs: 40 }),
    );
    for (let run = 0; run < 4; run++) await open();
    await Promise.all(accepted);
  });

  it('does not run requests whose deadline passes or whose caller leaves while they wait', async () => {
    const { before, open } = gate();
    const state = bench({ before });
    const leaving = new AbortController();
    const running = state.batcher.infer(one(0), UNLIMITED);
    await turn();
    const expired = state.batcher.infer(one(1), { deadlineMs: 50, signal: undefined });
    const cancelled = state.batcher.infer(one(2), { deadlineMs: Infinity, signal: leaving.signal });
    const kept = state.batcher.infer(one(3), UNLIMITED);
    const outcomes = Promise.allSettled([expired, cancelled]);
    state.clock.setTo(50);
    leaving.abort();
    await open();
    await open();
    expect(
      (await outcomes).map((outcome) => outcome.status === 'rejected' && (outcome.reason as unknown)),
    ).toEqual([
      expect.objectContaining({ reason: 'DEADLINE_EXPIRED' }),
      expect.objectContaining({ reason: 'REQUEST_CANCELLED' }),
    ]);
    await Promise.all([running, kept]);
    expect(state.runners[0]?.batches).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('refuses at once what the work ahead makes too late', async () => {
    const { before, open } = gate();
    const state = bench({ before, batching: { maxRows: 1 } });
    const run = async () => {
      const answer = state.batcher.infer(one(0), UNLIMITED);
      await turn();
      state.clock.setTo(state.clock.nowMs + 100);
      await open();
      await answer;
    };
    await run();
    const running = state.batcher.infer(one(1), UNLIMITED);
    await turn();
    expect(() =>
      state.batcher.infer(one(2), { deadlineMs: state.clock.nowMs + 50, signal: undefined }),
    ).toThrow(expect.objectContaining({ reason: 'DEADLINE_UNREACHABLE' }));
    const inTime = state.batcher.infer(one(2), { deadlineMs: state.clock.nowMs + 500, signal: undefined });
    await open();
    await open();
    await Promise.all([running, inTime]);
  });

  it('runs the batch of a lost runner again on its replacement', async () => {
    const { before, open } = gate();
    const { batcher, runners, losses } = bench({ before });
    const running = batcher.infer(one(0), UNLIMITED);
    await turn();
    const waiting = batcher.infer(one(1), UNLIMITED);
    runners[0]?.crash();
    while (losses.length === 0) await Promise.resolve();
    expect(() => batcher.infer(one(2), UNLIMITED)).toThrow(
      expect.objectContaining({ reason: 'RUNNER_LOST' }),
    );
    await open();
    await open();
    await open();
    const both = await Promise.all([running, waiting]);
    expect(both.flatMap(({ outputs }) => outputs.map(answers))).toEqual([[1], [2]]);
    expect(runners).toHaveLength(2);
  });

  it('fails the one request that ends its runner, and none that shared its batches', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 2 }),
        async (poisons, depth) => {
          const { batcher, losses, statistics } = bench({ depth, crashesOn: hasPoison });
          const outcomes = await Promise.allSettled(
            poisons.map((poison, index) => batcher.infer(one(poison ? POISON : index), UNLIMITED)),
          );
          outcomes.forEach((outcome, index) => {
            if (outcome.status === 'fulfilled') {
              expect(outcome.value.outputs.map(answers)).toEqual([[index + 1]]);
              expect(poisons[index]).toBe(false);
            } else {
              expect(poisons[index]).toBe(true);
              expect(hasReason(outcome.reason, 'REQUEST_CRASHED_RUNNER')).toBe(true);
            }
          });
          const poisoned = poisons.filter(Boolean).length;
          expect(losses.length).toBeLessThanOrEqual(poisoned * (2 + Math.log2(8)));
          expect(statistics.snapshot().failures.BACKEND).toBe(poisoned);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('hands out nothing when the model gives another number of rows than it was sent', async () => {
    const compute = () => [{ shape: [1, 1], raw: new Uint8Array(8) }];
    const { batcher } = bench({ compute });
    const outcomes = await Promise.allSettled([
      batcher.infer(sumRequest([[1], [2]], [0n, 0n]), UNLIMITED),
      batcher.infer(sumRequest([[3], [4]], [0n, 0n]), UNLIMITED),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'OUTPUT_ROWS_MISMATCH' } });
    }
  });

  it('blames no request for a runner that ends while it closes', async () => {
    const { before } = gate();
    const { batcher, runners } = bench({ before });
    const outcomes = Promise.allSettled([0, 1].map((value) => batcher.infer(one(value), UNLIMITED)));
    await turn();
    const closed = batcher.close();
    runners[0]?.crash();
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'RUNNER_LOST' } });
    }
    await closed;
  });

  it('counts a refusal for want of a runner as a failure of the engine', async () => {
    const { before } = gate();
    const { batcher, runners, statistics } = bench({ before, irreplaceable: true });
    const accepted = batcher.infer(one(0), UNLIMITED);
    await turn();
    runners[0]?.crash();
    await expect(accepted).rejects.toMatchObject({ reason: 'RUNNER_LOST' });
    expect(() => batcher.infer(one(1), UNLIMITED)).toThrow(
      expect.objectContaining({ reason: 'RUNNER_LOST' }),
    );
    expect(statistics.snapshot().failures).toMatchObject({ REJECTED: 0, BACKEND: 2 });
    await batcher.close();
  });

  it('answers what it accepted before it closes, and nothing after', async () => {
    const { before, open } = gate();
    const { batcher, runners } = bench({ before });
    const accepted = [0, 1, 2].map((value) => batcher.infer(one(value), UNLIMITED));
    const closed = batcher.close();
    expect(() => batcher.infer(one(3), UNLIMITED)).toThrow(
      expect.objectContaining({ reason: 'VERSION_CLOSED' }),
    );
    await open();
    await Promise.all(accepted);
    await closed;
    expect(runners[0]?.closed).toBe(true);
  });
});
