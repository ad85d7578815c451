import { describe, expect, it } from '@jest/globals';
import { UNBOUNDED } from '../src/domain/settings/queue-policy.ts';
import { answers, bench, gate, one, turn, UNLIMITED } from './batcher-bench.ts';
import { sumRequest } from './fake-runner.ts';

const reasonOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error as { reason?: string }).reason,
  );

describe('waiting in a batcher', () => {
  it('lets cancelled and expired requests leave while no runner frees', async () => {
    const { before, open } = gate();
    const { batcher, clock } = bench({ before });
    const leaving = new AbortController();
    const running = batcher.infer(one(0), UNLIMITED);
    await turn();
    const cancelled = reasonOf(batcher.infer(one(1), { deadlineMs: Infinity, signal: leaving.signal }));
    const expired = reasonOf(batcher.infer(one(2), { deadlineMs: 500, signal: undefined }));
    const timedOut = reasonOf(batcher.infer(one(3), { ...UNLIMITED, timeoutUs: 300_000 }));
    const kept = batcher.infer(one(4), UNLIMITED);
    await turn();
    clock.setTo(20);
    leaving.abort();
    expect(await cancelled).toBe('REQUEST_CANCELLED');
    clock.setTo(302);
    expect(await timedOut).toBe('QUEUE_TIMEOUT');
    clock.setTo(502);
    expect(await expired).toBe('DEADLINE_EXPIRED');
    expect(batcher.queuedRows).toBe(1);
    await open();
    await open();
    await Promise.all([running, kept]);
  });

  it('asks for no timer while nothing waits for long', async () => {
    const { batcher, clock } = bench();
    await batcher.infer(one(0), { deadlineMs: 1_000, signal: new AbortController().signal });
    expect(clock.nextMs).toBe(Infinity);
  });

  it('runs urgent requests first', async () => {
    const { before, open } = gate();
    const queue = { policies: [UNBOUNDED, UNBOUNDED, UNBOUNDED], defaultPriority: 2 };
    const { batcher } = bench({ before, batching: { maxRows: 1 }, queue });
    const order: string[] = [];
    const ask = (name: string, priority?: number) =>
      batcher.infer(one(0), { ...UNLIMITED, priority }).then(() => order.push(name));
    const all = [ask('running')];
    await turn();
    all.push(ask('late', 3), ask('usual'), ask('unknown priority', 9), ask('urgent', 1));
    for (let run = 0; run < 5; run++) await open();
    await Promise.all(all);
    expect(order).toEqual(['running', 'urgent', 'usual', 'unknown priority', 'late']);
  });

  it('answers in the order of arrival where that is asked for', async () => {
    const waiting: (() => void)[] = [];
    const before = () => new Promise<void>((resolve) => waiting.push(resolve));
    const { batcher } = bench({
      before,
      runners: 2,
      batching: { maxRows: 1 },
      queue: { preserveOrdering: true },
    });
    const order: number[] = [];
    const all = [1, 2].map((value) => batcher.infer(one(value), UNLIMITED).then(() => order.push(value)));
    while (waiting.length < 2) await turn();
    waiting[1]?.();
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(order).toEqual([]);
    expect(batcher.outstanding).toBe(2);
    waiting[0]?.();
    await Promise.all(all);
    expect(order).toEqual([1, 2]);
  });

  it('fails what waits at once where no runner is left and none can be had', async () => {
    const { batcher, runners } = bench({ irreplaceable: true, before: () => new Promise(() => undefined) });
    const running = reasonOf(batcher.infer(one(0), UNLIMITED));
    await turn();
    const waiting = reasonOf(batcher.infer(one(1), UNLIMITED));
    runners[0]?.crash();
    expect([await running, await waiting]).toEqual(['RUNNER_LOST', 'RUNNER_LOST']);
    expect([batcher.queuedRows, batcher.outstanding]).toEqual([0, 0]);
    await batcher.close();
  });
});

const RUN_MS = 20;

describe('a batcher with a window', () => {
  /** A batcher that has learned that a run takes 20 ms whatever its rows, and that a row comes every millisecond. */
  async function learned() {
    const { before, open } = gate();
    const state = bench({ before, queue: { maxDelayUs: 5_000 } });
    const { batcher, clock } = state;
    for (let round = 0; round < 3; round++) {
      const rows = Array.from({ length: 8 }, () => batcher.infer(one(0), UNLIMITED));
      await turn();
      clock.setTo(clock.nowMs + RUN_MS);
      await open();
      await Promise.all(rows);
    }
    return { ...state, open, batches: () => state.runners[0]?.batches.slice(3).map(([rows]) => rows) };
  }

  it('waits for company, and seals when the batch is full', async () => {
    const { batcher, clock, open, batches } = await learned();
    const rows = [batcher.infer(one(1), UNLIMITED)];
    await turn();
    expect(batches()).toEqual([]);
    clock.setTo(clock.nowMs + 1);
    for (let more = 0; more < 7; more++) rows.push(batcher.infer(one(1), UNLIMITED));
    await turn();
    expect(batches()).toEqual([8]);
    await open();
    await Promise.all(rows);
  });

  it('waits no longer than it may, without company', async () => {
    const { batcher, clock, open, batches } = await learned();
    const row = batcher.infer(one(1), UNLIMITED);
    await turn();
    const startMs = clock.nowMs;
    while (batches()?.length === 0) clock.setTo(clock.nextMs);
    expect(clock.nowMs - startMs).toBeLessThanOrEqual(5);
    await open();
    await row;
  });

  it('does not wait into a deadline', async () => {
    const { batcher, clock, open, batches } = await learned();
    const row = batcher.infer(one(1), { deadlineMs: clock.nowMs + RUN_MS + 1, signal: undefined });
    await turn();
    expect(batches()).toEqual([1]);
    await open();
    await row;
  });
});

describe('a batcher that hands batches over behind others', () => {
  /** A batcher that has learned that a run takes 20 ms, with one under way since now. */
  async function busy() {
    const { before, open } = gate();
    const state = bench({ before, depth: 2 });
    const { batcher, clock } = state;
    for (let round = 0; round < 2; round++) {
      const row = batcher.infer(one(0), UNLIMITED);
      await turn();
      clock.setTo(clock.nowMs + RUN_MS);
      await open();
      await row;
    }
    const running = batcher.infer(one(0), UNLIMITED);
    await turn();
    const batches = () => state.runners[0]?.batches.slice(3).map(([rows]) => rows);
    return { ...state, open, batches, running, startMs: clock.nowMs };
  }

  it('does so shortly before the run under way ends, with all that has come by then', async () => {
    const { batcher, clock, open, batches, running, startMs } = await busy();
    const rows = [batcher.infer(one(1), UNLIMITED)];
    await turn();
    clock.setTo(startMs + 10);
    rows.push(batcher.infer(one(2), UNLIMITED));
    await turn();
    expect(batches()).toEqual([]);
    clock.setTo(startMs + RUN_MS - 1);
    expect(batches()).toEqual([2]);
    await open();
    await open();
    await Promise.all([running, ...rows]);
  });

  it('does so at once where the batch is full', async () => {
    const { batcher, open, batches, running } = await busy();
    const rows = Array.from({ length: 8 }, (_, value) => batcher.infer(one(value), UNLIMITED));
    await turn();
    expect(batches()).toEqual([8]);
    await open();
    await open();
    await Promise.all([running, ...rows]);
  });

  it('does so at the end of the run where that comes sooner', async () => {
    const { batcher, open, batches, running } = await busy();
    const row = batcher.infer(one(1), UNLIMITED);
    await turn();
    await open();
    await running;
    await turn();
    expect(batches()).toEqual([1]);
    await open();
    await row;
  });
});

describe('a batcher that pins the size of batches', () => {
  it('fills every batch up with copies, and hands out none of them', async () => {
    const { batcher, runners, statistics } = bench({ batching: { maxRows: 4, padRows: 4 } });
    const few = batcher.infer(one(1), UNLIMITED);
    const values = [1, 2, 3, 4, 5, 6].map((value) => [value]);
    const many = batcher.infer(sumRequest(values, [0n, 0n, 0n, 0n, 0n, 0n]), UNLIMITED);
    expect((await few).outputs.map(answers)).toEqual([[2]]);
    expect((await many).outputs.map(answers)).toEqual([[1, 2, 3, 4, 5, 6]]);
    expect(runners[0]?.batches.map(([rows]) => rows)).toEqual([4, 4, 4]);
    expect((await few).batchRows).toBe(4);
    expect(statistics.snapshot()).toMatchObject({ inferenceCount: 7, executionCount: 3 });
  });
});

describe('the statistics of a batcher', () => {
  it('count requests with their times, batches by their rows, and failures by their reason', async () => {
    const { before, open } = gate();
    const { batcher, clock, statistics } = bench({ before, maxQueuedRows: 2 });
    const first = batcher.infer(one(1), UNLIMITED);
    await turn();
    const rest = [2, NaN].map((value) => batcher.infer(one(value), UNLIMITED));
    expect(() => batcher.infer(one(4), UNLIMITED)).toThrow(expect.objectContaining({ reason: 'QUEUE_FULL' }));
    expect(statistics.snapshot().pendingRequests).toBe(2);
    clock.setTo(10);
    await open();
    await first;
    await turn();
    clock.setTo(30);
    for (let run = 0; run < 3; run++) await open();
    await Promise.allSettled(rest);
    const found = statistics.snapshot();
    expect(found).toMatchObject({
      inferenceCount: 2,
      executionCount: 2,
      success: { count: 2, ns: 40e6 },
      queue: { count: 2, ns: 10e6 },
      computeInfer: { count: 2, ns: 14e3 },
      fail: { count: 2, ns: 30e6 },
      failures: { REJECTED: 1, CANCELED: 0, BACKEND: 1, OTHER: 0 },
      batches: [{ rows: 1, computeInfer: { count: 2, ns: 14e3 } }],
      pendingRequests: 0,
    });
    expect(found.lastInferenceMs).toBeGreaterThan(0);
  });
});
