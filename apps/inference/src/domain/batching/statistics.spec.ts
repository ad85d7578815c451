import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { VersionStatistics, type FailureReason } from './statistics.ts';

const times = fc.record({
  queueUs: fc.integer({ min: 0, max: 1000 }),
  inputUs: fc.integer({ min: 0, max: 1000 }),
  inferUs: fc.integer({ min: 0, max: 1000 }),
  outputUs: fc.integer({ min: 0, max: 1000 }),
});
const reason = fc.constantFrom<FailureReason>('REJECTED', 'CANCELED', 'BACKEND', 'OTHER');

describe('VersionStatistics', () => {
  it('adds up what it is told', () => {
    const requests = fc.array(fc.tuple(times, fc.integer({ min: 0, max: 5000 })));
    const runs = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), times));
    const failures = fc.array(fc.tuple(reason, fc.integer({ min: 0, max: 1000 })));
    fc.assert(
      fc.property(requests, runs, failures, (answered, ran, failed) => {
        const statistics = new VersionStatistics(() => 77);
        for (const [request, totalUs] of answered) statistics.recordSuccess(request, totalUs);
        for (const [rows, run] of ran) statistics.recordBatch(rows, run);
        for (const [why, totalUs] of failed) statistics.recordFailure(why, totalUs);
        const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
        const found = statistics.snapshot();
        expect(found).toMatchObject({
          lastInferenceMs: ran.length > 0 ? 77 : 0,
          inferenceCount: sum(ran.map(([rows]) => rows)),
          executionCount: ran.length,
          success: { count: answered.length, ns: 1000 * sum(answered.map(([, totalUs]) => totalUs)) },
          queue: { count: answered.length, ns: 1000 * sum(answered.map(([{ queueUs }]) => queueUs)) },
          computeInfer: { count: answered.length, ns: 1000 * sum(answered.map(([{ inferUs }]) => inferUs)) },
          fail: { count: failed.length, ns: 1000 * sum(failed.map(([, totalUs]) => totalUs)) },
        });
        expect(sum(Object.values(found.failures))).toBe(failed.length);
        expect(found.batches.map(({ rows }) => rows)).toEqual([...new Set(ran.map(([rows]) => rows))].sort());
        expect(sum(found.batches.map(({ computeInput }) => computeInput.ns))).toBe(
          1000 * sum(ran.map(([, { inputUs }]) => inputUs)),
        );
      }),
    );
  });

  it('counts answers from the cache as successes that did not run', () => {
    const statistics = new VersionStatistics();
    statistics.recordSuccess({ queueUs: 1, inputUs: 1, inferUs: 1, outputUs: 1 }, 10);
    statistics.recordCacheHit(500);
    statistics.recordCacheMiss(700);
    statistics.recordBatch(3, { inputUs: 1, inferUs: 1, outputUs: 1 });
    expect(statistics.counts).toEqual({ requests: 1, rows: 3, batches: 1 });
    expect(statistics.snapshot()).toMatchObject({
      success: { count: 2, ns: 10_500 },
      queue: { count: 2, ns: 1_000 },
      computeInfer: { count: 1 },
      cacheHit: { count: 1, ns: 500 },
      cacheMiss: { count: 1, ns: 700 },
    });
  });

  it('adds up what waits in several queues, each until it is no longer watched', () => {
    const statistics = new VersionStatistics();
    const pending = () => statistics.snapshot().pendingRequests;
    expect(pending()).toBe(0);
    const forget = statistics.watchPending(() => 2);
    statistics.watchPending(() => 5);
    expect(pending()).toBe(7);
    forget();
    expect(pending()).toBe(5);
  });
});
