import { slowRequest, longRun } from '../oip/time.ts';
import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { Skipped } from '../suite/outcome.ts';
import { infer, request } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { fourWide } from '../target/values.ts';
import { IMPATIENT, keepBusy } from './scheduling.ts';

const TIMEOUT_MS = 5_000;
const COUNTERS = ['nv_inference_request_success', 'nv_inference_count', 'nv_inference_exec_count'] as const;

/** The metrics page. @throws Skipped where the target has none. */
async function scrape({ metricsAddress }: Target): Promise<string> {
  if (metricsAddress === undefined) throw new Skipped('no --metrics address is given');
  const response = await fetch(`http://${metricsAddress}/metrics`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  expectEqual(response.status, 200, 'the status of /metrics');
  return response.text();
}

/** The sum of a metric's samples of version 1 of a model; undefined where there is none. */
export function sampleOf(page: string, metric: string, model: string): number | undefined {
  const samples = page.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = /^(\w+)\{(.*)\} (\S+)/.exec(line) ?? [];
    const wanted = name === metric && labels.includes(`model="${model}"`) && labels.includes('version="1"');
    return wanted ? [Number(value)] : [];
  });
  return samples.length === 0 ? undefined : samples.reduce((sum, sample) => sum + sample);
}

async function sample(target: Target, metric: string, model: string): Promise<number> {
  const value = sampleOf(await scrape(target), metric, model);
  expect(value !== undefined, `there is no ${metric} of ${model}`);
  return value;
}

export const metricsChecks: Checks = {
  agree: {
    title: 'the nv_inference metrics count what ModelStatistics counts',
    models: ['neighbourly'],
    extension: 'statistics',
    run: async (target) => {
      await infer(target, request('neighbourly', [fourWide(1, 2, 3, 4, 5, 6, 7, 8)]));
      const page = await scrape(target);
      const { modelStats } = await target.client.modelStatistics({ name: 'neighbourly' });
      const [stats] = modelStats;
      const due = [stats?.inferenceStats?.success?.count, stats?.inferenceCount, stats?.executionCount];
      const found = COUNTERS.map((metric) => sampleOf(page, metric, 'neighbourly'));
      expectEqual(found, due.map(Number), COUNTERS.join(', '));
    },
  },
  durations: {
    title: 'the nv_inference durations are in microseconds and grow with a request',
    models: ['slow'],
    run: async (target) => {
      const metric = 'nv_inference_compute_infer_duration_us';
      const { turns, takesMs } = await longRun(target, 'slow', 100);
      const before = await sample(target, metric, 'slow');
      await infer(target, slowRequest('slow', turns));
      const grownMs = ((await sample(target, metric, 'slow')) - before) / 1_000;
      expect(
        grownMs > takesMs / 10 && grownMs < takesMs * 10,
        `a run of ${takesMs} ms made it grow by ${grownMs} ms`,
      );
    },
  },
  failures: {
    title: 'nv_inference_request_failure counts a request whose `timeout` passed in the queue',
    models: ['prioritized'],
    extension: 'schedule_policy',
    run: async (target) => {
      const metric = 'nv_inference_request_failure';
      const { turns } = await longRun(target, 'prioritized', 100);
      const before = await sample(target, metric, 'prioritized');
      const busy = keepBusy(target, turns);
      await expectStatus(infer(target, slowRequest('prioritized', 1, IMPATIENT)), 'UNAVAILABLE');
      await busy;
      expectEqual((await sample(target, metric, 'prioritized')) - before, 1, `the growth of ${metric}`);
    },
  },
};
