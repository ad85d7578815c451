import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ModelStatistics, StatisticDuration } from '@plumbline/contract-oip';
import { rawUnary } from '@plumbline/rpc';
import { buildInferRequest } from '@plumbline/tensors';
import { eventually } from '@plumbline/testing';
import { loopModel, mixingModel, timesModel } from './models.ts';
import { floats } from './replica.ts';
import { modelFolder, startStandalone, type Standalone } from './standalone.ts';

let server: Standalone;

beforeAll(async () => {
  const { root } = await modelFolder({
    'double/1/model.onnx': timesModel(2),
    'idle/1/model.onnx': timesModel(3),
    'other/1/model.onnx': timesModel(5),
    'twin/1/model.onnx': timesModel(5),
    'loop/1/model.onnx': loopModel(),
    'mixing/1/model.onnx': mixingModel(),
    'remembering/1/model.onnx': timesModel(4),
    'remembering/config.pbtxt': 'max_batch_size: 8 response_cache { enable: true }',
  });
  server = await startStandalone(root);
  await server.ready();
  await drive();
});
afterAll(() => server.stop());

/** Requests of one row and of many, more than a batch takes, refused, cancelled, remembered, of streams. */
async function drive(): Promise<void> {
  const rows = (count: number) => Array.from({ length: count }, (_, index) => [index, 1]);
  await Promise.all([1, 1, 3, 17, 100].map((count) => server.infer('double', rows(count))));
  await Promise.all([1, 2].map((count) => server.infer('mixing', rows(count))));
  for (let turn = 0; turn < 3; turn++) await server.infer('remembering', rows(2));
  await Promise.all([5, 5, 5].map((count) => server.infer('remembering', rows(count))));
  await expect(server.infer('double', [[1]])).rejects.toMatchObject({ reason: 'SHAPE_MISMATCH' });
  await expect(server.infer('remembering', [[1]])).rejects.toMatchObject({ reason: 'SHAPE_MISMATCH' });
  await stream('mixing', 3);
  const running: Promise<unknown>[] = [];
  for (let batch = 0; batch < 2; batch++) {
    running.push(loop());
    // When this is answered, the request before it is in a batch of its own.
    await server.infer('other', [[1, 1]]);
  }
  const leaving = new AbortController();
  const cancelled = expect(loop(leaving.signal)).rejects.toMatchObject({ codeName: 'CANCELLED' });
  await eventually(async () => (await scrape()).samples.get('nv_inference_pending_request_count loop') === 1);
  leaving.abort();
  await cancelled;
  await Promise.all(running);
}

/** Requests of one row over one stream, the last of which is refused. */
async function stream(modelName: string, count: number): Promise<void> {
  const requests = async function* () {
    for (let index = 0; index < count; index++) {
      const shape = [1n, index === count - 1 ? 3n : 2n];
      yield { modelName, inputs: [{ name: 'x', datatype: 'FP32', shape }], rawInputContents: [floats(1, 2)] };
    }
  };
  const failures: string[] = [];
  for await (const { errorMessage } of server.oip.modelStreamInfer(requests())) {
    if (errorMessage !== '') failures.push(errorMessage);
  }
  expect(failures).toHaveLength(1);
}

/** A request that takes about a second. A runner has two batches at once; the third waits. */
function loop(signal?: AbortSignal): Promise<unknown> {
  const x = { name: 'x', datatype: 'FP32', shape: [1, 2], raw: floats(2_000_000, 1) };
  const request = buildInferRequest({ modelName: 'loop', inputs: [x] });
  const options = { timeoutMs: 120_000, ...(signal && { signal }) };
  return rawUnary(server.channel, 'inference.GRPCInferenceService/ModelInfer', request, options);
}

/** The value of every sample, by `name{labels}` with the labels `model` and, where there is one, `reason` or `le`. */
async function scrape() {
  const response = await fetch(`http://127.0.0.1:${server.service.adminPort}/metrics`);
  const text = await response.text();
  const samples = new Map<string, number>();
  for (const [, name = '', labels = '', value = ''] of text.matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)) {
    const label = (key: string) => new RegExp(`(?:^|,)${key}="([^"]*)"`).exec(labels)?.[1];
    const model = label('model');
    if (model === undefined) continue;
    const rest = label('reason') ?? label('le');
    samples.set([name, model, ...(rest === undefined ? [] : [rest])].join(' '), Number(value));
  }
  return { text, samples };
}

/** What the metrics say of a version, in the words of ModelStatistics. */
const SAMPLES: Readonly<Record<string, (statistics: ModelStatistics) => number>> = {
  nv_inference_request_success: (stats) => count(stats.inferenceStats?.success),
  nv_inference_count: ({ inferenceCount }) => Number(inferenceCount),
  nv_inference_exec_count: ({ executionCount }) => Number(executionCount),
  nv_inference_request_duration_us: (stats) => us(stats.inferenceStats?.success),
  nv_inference_queue_duration_us: (stats) => us(stats.inferenceStats?.queue),
  nv_inference_compute_input_duration_us: (stats) => us(stats.inferenceStats?.computeInput),
  nv_inference_compute_infer_duration_us: (stats) => us(stats.inferenceStats?.computeInfer),
  nv_inference_compute_output_duration_us: (stats) => us(stats.inferenceStats?.computeOutput),
  nv_cache_num_hits_per_model: (stats) => count(stats.inferenceStats?.cacheHit),
  nv_cache_num_misses_per_model: (stats) => count(stats.inferenceStats?.cacheMiss),
  nv_cache_hit_duration_per_model: (stats) => us(stats.inferenceStats?.cacheHit),
  nv_cache_miss_duration_per_model: (stats) => us(stats.inferenceStats?.cacheMiss),
  plumbline_inference_batch_rows_count: ({ executionCount }) => Number(executionCount),
  plumbline_inference_batch_rows_sum: ({ inferenceCount }) => Number(inferenceCount),
};

const count = (duration: StatisticDuration | undefined) => Number(duration?.count);
const us = (duration: StatisticDuration | undefined) => Number(duration?.ns) / 1000;

const statisticsOf = async (name: string) => {
  const { modelStats } = await server.oip.modelStatistics({ name });
  const [found] = modelStats;
  if (found === undefined) throw new Error(`there are no statistics of ${name}`);
  return found;
};

describe('ModelStatistics', () => {
  it('names every loaded version where no model is named', async () => {
    const { modelStats } = await server.oip.modelStatistics({});
    expect(modelStats.map(({ name, version }) => `${name} ${version}`)).toEqual([
      'double 1',
      'idle 1',
      'loop 1',
      'mixing 1',
      'other 1',
      'remembering 1',
      'twin 1',
    ]);
    expect(modelStats[1]).toMatchObject({ lastInference: 0n, inferenceCount: 0n, batchStats: [] });
  });

  it('knows no model and no version that is not there', async () => {
    for (const asked of [{ name: 'unknown' }, { name: 'double', version: '7' }]) {
      await expect(server.oip.modelStatistics(asked)).rejects.toMatchObject({
        codeName: 'NOT_FOUND',
        reason: 'MODEL_NOT_FOUND',
      });
    }
    expect((await server.oip.modelStatistics({ name: 'double', version: '1' })).modelStats).toHaveLength(1);
  });

  it('counts the work of a version for each of the models that have it', async () => {
    const [other, twin] = [await statisticsOf('other'), await statisticsOf('twin')];
    expect(twin).toEqual({ ...other, name: 'twin' });
    expect(twin.inferenceCount).toBe(2n);
  });

  it('counts requests, rows and batches apart', async () => {
    const double = await statisticsOf('double');
    expect(double.inferenceCount).toBe(122n);
    expect(double.inferenceStats).toMatchObject({ success: { count: 5n }, fail: { count: 1n } });
    expect(Number(double.lastInference)).toBeGreaterThan(Date.now() - 3_600_000);
    let rows = 0n;
    let batches = 0n;
    for (const { batchSize, computeInfer } of double.batchStats) {
      batches += computeInfer?.count ?? 0n;
      rows += batchSize * (computeInfer?.count ?? 0n);
    }
    expect([rows, batches]).toEqual([double.inferenceCount, double.executionCount]);
    const mixing = await statisticsOf('mixing');
    expect([mixing.inferenceCount, mixing.executionCount]).toEqual([5n, 4n]);
  });

  it('counts what the cache answered as answered, and not as run', async () => {
    const { inferenceStats, inferenceCount, executionCount } = await statisticsOf('remembering');
    expect(inferenceStats).toMatchObject({
      success: { count: 6n },
      queue: { count: 6n },
      computeInfer: { count: 2n },
      cacheHit: { count: 4n },
      cacheMiss: { count: 2n },
    });
    expect([inferenceCount, executionCount]).toEqual([7n, 2n]);
  });

  it('says what memory the version takes', async () => {
    const [memory] = (await statisticsOf('double')).memoryUsage;
    expect(memory).toMatchObject({ type: 'CPU', id: 0n });
    expect(Number(memory?.byteSize)).toBeGreaterThan(0);
  });
});

describe('the metrics', () => {
  it('agree with ModelStatistics in everything', async () => {
    const { modelStats } = await server.oip.modelStatistics({});
    const { samples } = await scrape();
    for (const statistics of modelStats.filter(({ name }) => name !== 'twin')) {
      const { name } = statistics;
      for (const [metric, valueOf] of Object.entries(SAMPLES)) {
        expect([name, metric, samples.get(`${metric} ${name}`)]).toEqual([name, metric, valueOf(statistics)]);
      }
      const reasons = ['REJECTED', 'CANCELED', 'BACKEND', 'OTHER'];
      const failures = reasons.map((reason) => samples.get(`nv_inference_request_failure ${name} ${reason}`));
      const failed = failures.reduce<number>((sum, value) => sum + (value ?? NaN), 0);
      expect([name, failed]).toEqual([name, count(statistics.inferenceStats?.fail)]);
    }
  });

  it('count a version that two models have once, under the first', async () => {
    const { text, samples } = await scrape();
    expect(samples.get('nv_inference_count other')).toBe(2);
    expect([...samples.keys()].filter((key) => key.endsWith(' twin'))).toEqual([
      'plumbline_inference_versions twin',
    ]);
    const digests = [
      ...text.matchAll(/^plumbline_inference_versions\{model="(?:other|twin)".*?,(digest="[^"]+")/gm),
    ];
    expect(digests).toHaveLength(2);
    expect(digests[0]?.[1]).toBe(digests[1]?.[1]);
  });

  it('tell why requests failed', async () => {
    const { samples } = await scrape();
    const failures = (model: string, reason: string) =>
      samples.get(`nv_inference_request_failure ${model} ${reason}`) ?? NaN;
    expect(failures('double', 'OTHER')).toBe(1);
    expect(failures('mixing', 'OTHER')).toBe(1);
    expect(failures('loop', 'CANCELED')).toBe(1);
  });

  it('are counters where they only grow, with the batches as a histogram', async () => {
    const { text, samples } = await scrape();
    for (const metric of Object.keys(SAMPLES).filter((name) => name.startsWith('nv_'))) {
      expect(text).toContain(`# TYPE ${metric} counter\n`);
    }
    expect(text).toContain('# TYPE nv_inference_request_failure counter\n');
    expect(text).toContain('# TYPE nv_inference_pending_request_count gauge\n');
    expect(text).toContain('# TYPE plumbline_inference_batch_rows histogram\n');
    const rows = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, '+Inf'];
    const buckets = rows.map((le) => samples.get(`plumbline_inference_batch_rows_bucket mixing ${le}`));
    expect(buckets).toEqual([3, ...Array<number>(11).fill(4)]);
    expect(text).toMatch(/nv_inference_count\{model="double",version="1",tenant="default",digest="sha256:/);
  });

  it('tell what the response cache holds', async () => {
    const { text } = await scrape();
    expect(text).toMatch(/^plumbline_inference_response_cache_entries 2$/m);
    expect(text).toMatch(/^plumbline_inference_response_cache_bytes [1-9]\d*$/m);
  });
});
