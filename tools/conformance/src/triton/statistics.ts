import { randomInt } from 'node:crypto';
import type { ModelStatistics } from '@plumbline/contract-oip';
import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { Skipped } from '../suite/outcome.ts';
import { infer, request } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { fourWide } from '../target/values.ts';

const extension = 'statistics';

async function statisticsOf({ client }: Target, name: string): Promise<ModelStatistics> {
  const { modelStats } = await client.modelStatistics({ name });
  expectEqual(modelStats.length, 1, `the number of versions of ${name} in the answer`);
  return modelStats[0]!;
}

/** Counters as numbers, by name. */
function countsOf({ inferenceCount, executionCount, inferenceStats: of }: ModelStatistics) {
  const durations = {
    success: of?.success,
    fail: of?.fail,
    queue: of?.queue,
    computeInput: of?.computeInput,
    computeInfer: of?.computeInfer,
    computeOutput: of?.computeOutput,
    cacheHit: of?.cacheHit,
    cacheMiss: of?.cacheMiss,
  };
  return {
    inferences: Number(inferenceCount),
    executions: Number(executionCount),
    count: (name: keyof typeof durations) => Number(durations[name]?.count ?? 0n),
    ns: (name: keyof typeof durations) => Number(durations[name]?.ns ?? 0n),
  };
}

/** Statistics of a model before and after `calls`. */
async function around(target: Target, name: string, calls: () => Promise<unknown>) {
  const before = await statisticsOf(target, name);
  await calls();
  const after = await statisticsOf(target, name);
  return { before: countsOf(before), after: countsOf(after), last: after };
}

const rowsOf = (rows: number) => fourWide(...Array.from({ length: rows * 4 }, (_, index) => index));

export const statisticsChecks: Checks = {
  counts: {
    title: 'three requests of two rows: 3 successes, 6 inferences, 1 to 3 executions',
    models: ['neighbourly'],
    extension,
    run: async (target) => {
      const { before, after } = await around(target, 'neighbourly', async () => {
        for (let call = 0; call < 3; call++) await infer(target, request('neighbourly', [rowsOf(2)]));
      });
      expectEqual(after.count('success') - before.count('success'), 3, 'the growth of success.count');
      expectEqual(after.inferences - before.inferences, 6, 'the growth of inference_count');
      const executions = after.executions - before.executions;
      expect(executions >= 1 && executions <= 3, `execution_count grew by ${executions}`);
    },
  },
  durations: {
    title: 'queue and compute are counted per request, and together take no longer than success',
    models: ['neighbourly'],
    extension,
    run: async (target) => {
      const { before, after } = await around(target, 'neighbourly', () =>
        infer(target, request('neighbourly', [rowsOf(1)])),
      );
      const parts = ['queue', 'computeInput', 'computeInfer', 'computeOutput'] as const;
      for (const part of parts)
        expectEqual(after.count(part) - before.count(part), 1, `the growth of ${part}.count`);
      const total = after.ns('success') - before.ns('success');
      const sum = parts.reduce((ns, part) => ns + after.ns(part) - before.ns(part), 0);
      expect(sum > 0, 'the durations did not grow');
      expect(sum <= total * 1.01, `the parts took ${sum} ns, the whole ${total} ns`);
    },
  },
  batches: {
    title: 'batch_stats has the size of a batch that ran, and its executions',
    models: ['neighbourly'],
    extension,
    run: async (target) => {
      await infer(target, request('neighbourly', [rowsOf(5)]));
      const { batchStats, executionCount } = await statisticsOf(target, 'neighbourly');
      const five = batchStats.find(({ batchSize }) => batchSize === 5n);
      expect((five?.computeInfer?.count ?? 0n) > 0n, 'there is no batch of 5 rows');
      const all = batchStats.reduce((sum, { computeInfer }) => sum + (computeInfer?.count ?? 0n), 0n);
      expectEqual(all, executionCount, 'the sum of batch_stats');
    },
  },
  'last-inference': {
    title: 'last_inference is a time in milliseconds that moves on',
    models: ['neighbourly'],
    extension,
    run: async (target) => {
      await infer(target, request('neighbourly', [rowsOf(1)]));
      const first = Number((await statisticsOf(target, 'neighbourly')).lastInference);
      await infer(target, request('neighbourly', [rowsOf(1)]));
      const { lastInference } = await statisticsOf(target, 'neighbourly');
      expect(first > 1.6e12 && first < 1e13, `${first} is no time in milliseconds since 1970`);
      expect(Number(lastInference) >= first, 'it went back');
    },
  },
  failures: {
    title: 'requests that fail do not count as inferences',
    models: ['slow'],
    extension,
    run: async (target) => {
      const { before, after } = await around(target, 'slow', () =>
        expectStatus(infer(target, request('slow', [rowsOf(1)])), 'INVALID_ARGUMENT'),
      );
      expectEqual(after.inferences, before.inferences, 'inference_count');
      expectEqual(after.count('success'), before.count('success'), 'success.count');
    },
  },
  'all-models': {
    title: 'a request without a name lists every version of every model',
    models: ['simple', 'versioned'],
    extension,
    run: async ({ client }) => {
      const { modelStats } = await client.modelStatistics({});
      const found = modelStats.filter(({ name }) => name === 'simple' || name === 'versioned');
      const versions = found.map(({ name, version }) => `${name}/${version}`).sort();
      expectEqual(versions, ['simple/1', 'versioned/1', 'versioned/2'], 'the versions');
    },
  },
  'unknown-model': {
    title: 'ModelStatistics of an unknown model is NOT_FOUND',
    extension,
    run: async ({ client }) => {
      await expectStatus(client.modelStatistics({ name: 'no-such-model' }), 'NOT_FOUND');
    },
  },
  cache: {
    title: 'a repeated request of a model with a response cache is a hit: a success and no inference',
    models: ['cached'],
    extension,
    run: async (target) => {
      const inputs = [fourWide(randomInt(1_000_000), randomInt(1_000_000), 0, 0)];
      const { before, after } = await around(target, 'cached', async () => {
        for (let call = 0; call < 3; call++) await infer(target, request('cached', inputs));
      });
      const hits = after.count('cacheHit') - before.count('cacheHit');
      if (hits === 0 && !target.own) throw new Skipped('the server runs without a response cache');
      expectEqual(hits, 2, 'the growth of cache_hit.count');
      expectEqual(after.count('cacheMiss') - before.count('cacheMiss'), 1, 'the growth of cache_miss.count');
      expectEqual(after.inferences - before.inferences, 1, 'the growth of inference_count');
      expectEqual(after.count('success') - before.count('success'), 3, 'the growth of success.count');
    },
  },
};
