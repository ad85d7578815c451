import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rawUnary } from '@plumbline/rpc';
import { buildInferRequest } from '@plumbline/tensors';
import { eventually } from '@plumbline/testing';
import { loopModel, timesModel } from './models.ts';
import { floats } from './replica.ts';
import { modelFolder, startStandalone, type ModelFolder, type Standalone } from './standalone.ts';

const REMEMBERING = 'max_batch_size: 8 response_cache { enable: true }';

let folder: ModelFolder;
let server: Standalone;

beforeAll(async () => {
  folder = await modelFolder({
    'loop/1/model.onnx': loopModel(),
    'loop/config.pbtxt': REMEMBERING,
    'swapped/1/model.onnx': timesModel(4),
    'swapped/config.pbtxt': REMEMBERING,
    'times/1/model.onnx': timesModel(2),
    'times/config.pbtxt': REMEMBERING,
  });
  server = await startStandalone(folder.root, { MODEL_CONTROL_MODE: 'explicit', LOAD_MODELS: '*' });
  await server.ready();
});
afterAll(() => server.stop());

const statisticsOf = async (name: string) => {
  const [statistics] = (await server.oip.modelStatistics({ name })).modelStats;
  const { cacheHit, success } = statistics?.inferenceStats ?? {};
  return {
    ran: statistics?.executionCount,
    hits: cacheHit?.count,
    answered: success?.count,
  };
};

async function entries(): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${server.service.adminPort}/metrics`);
  const sample = /^plumbline_inference_response_cache_entries (\d+)$/m.exec(await response.text());
  return Number(sample?.[1]);
}

/** A request that takes some tens of milliseconds. */
function loop(timeoutMs: number): Promise<unknown> {
  const x = { name: 'x', datatype: 'FP32', shape: [1, 2], raw: floats(100_000, 1) };
  const request = buildInferRequest({ modelName: 'loop', inputs: [x] });
  return rawUnary(server.channel, 'inference.GRPCInferenceService/ModelInfer', request, { timeoutMs });
}

describe('a version with a response cache', () => {
  it('runs one of many equal requests at a time, and none that it has answered', async () => {
    await Promise.all(Array.from({ length: 20 }, () => loop(20_000)));
    await loop(20_000);
    expect(await statisticsOf('loop')).toEqual({ ran: 1n, hits: 20n, answered: 21n });
  });

  it('answers rows of other shapes and values for themselves', async () => {
    const before = await entries();
    expect((await server.infer('times', [[1, 2]])).y).toEqual([2, 4]);
    expect((await server.infer('times', [[2, 1]])).y).toEqual([4, 2]);
    const rows = [
      [1, 2],
      [2, 1],
    ];
    expect((await server.infer('times', rows)).y).toEqual([2, 4, 4, 2]);
    expect((await server.infer('times', [[1, 2]])).y).toEqual([2, 4]);
    expect(await statisticsOf('times')).toMatchObject({ hits: 1n });
    expect(await entries()).toBe(before + 3);
  });

  it('takes its answers with it when it goes, also where it comes back', async () => {
    expect((await server.infer('swapped', [[5, 6]])).y).toEqual([20, 24]);
    for (const factor of [5, 4]) {
      await folder.put('swapped/1/model.onnx', timesModel(factor));
      await server.oip.repositoryModelLoad({ modelName: 'swapped' });
      expect((await server.infer('swapped', [[5, 6]])).y).toEqual([5 * factor, 6 * factor]);
      expect(await statisticsOf('swapped')).toEqual({ ran: 1n, hits: 0n, answered: 1n });
    }
    const before = await entries();
    await server.oip.repositoryModelUnload({ modelName: 'swapped' });
    await eventually(async () => (await entries()) === before - 1);
  });
});
