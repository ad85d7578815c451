import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { ModelProtoSchema, TensorProto_DataLocation as Location } from '@plumbline/contract-onnx';
import { eventually } from '@plumbline/testing';
import type { ModelFile } from '../src/domain/runners/runner.ts';
import { IdleThreads } from '../src/engine/idle-threads.ts';
import { LinkedRunner } from '../src/engine/linked-runner.ts';
import { lengthDelimited } from '../src/engine/replace-tensors.ts';
import { THREAD_ENTRY, ThreadLink } from '../src/engine/thread-link.ts';
import { hostileModel, timesModel } from './models.ts';
import { engineOptions, floatBatch, modelFile, openRequest } from './runners.ts';

const REFUSED_BYTES = 256 * 2 ** 20;
/** Of no meaning in onnx.ModelProto. */
const UNKNOWN_FIELD = 1000;
const never = new AbortController().signal;
const { abandoned } = engineOptions();
const idleThreads = (most: number) =>
  new IdleThreads({ entry: THREAD_ENTRY, heapMiB: 64, niceness: 0 }, most);

async function open(threads: IdleThreads, model: Uint8Array): Promise<LinkedRunner> {
  const file = await modelFile(model);
  return LinkedRunner.open(new ThreadLink(threads, abandoned, file), openRequest(file), never);
}

async function answerOf(runner: LinkedRunner): Promise<number[]> {
  const { outputs } = await runner.run(floatBatch(runner, 2, [1, 2]));
  return [...new Float32Array(outputs[0]!.raw.slice().buffer)];
}

function paddedModel(): Promise<ModelFile> {
  const padding = Buffer.alloc(REFUSED_BYTES);
  return modelFile(Buffer.concat([hostileModel(), lengthDelimited(UNKNOWN_FIELD, padding.length), padding]));
}

/** A tensor takes all of a large file, the next one what lies past its end. */
async function overreachingModel(): Promise<ModelFile> {
  const initializer = ['0', String(REFUSED_BYTES + 1)].map((offset) => ({
    dataLocation: Location.EXTERNAL,
    externalData: Object.entries({ location: 'data', offset }).map(([key, value]) => ({ key, value })),
  }));
  const model = create(ModelProtoSchema, { irVersion: 8n, graph: { initializer } });
  const data = await modelFile(Buffer.alloc(REFUSED_BYTES));
  return {
    ...(await modelFile(toBinary(ModelProtoSchema, model))),
    beside: [{ ...data, name: 'data' }],
  };
}

describe('IdleThreads', () => {
  it('gives the next model the thread of one that was closed, with nothing of it left', async () => {
    const threads = idleThreads(2);
    for (const factor of [2, 5, 3]) {
      const runner = await open(threads, timesModel(factor));
      expect(threads.count).toBe(0);
      expect(await answerOf(runner)).toEqual([factor, 2 * factor]);
      await runner.close();
      expect(threads.count).toBe(1);
      await expect(answerOf(runner)).rejects.toMatchObject({ name: 'RunnerLost' });
    }
    threads.close();
    expect(threads.count).toBe(0);
  });

  it('takes back the thread of a model that was refused', async () => {
    const threads = idleThreads(1);
    await expect(open(threads, hostileModel())).rejects.toMatchObject({ reason: 'MODEL_UNSAFE' });
    await eventually(() => threads.count === 1);
    threads.close();
  });

  it.each([
    ['model', paddedModel],
    ['model’s data', overreachingModel],
  ])('gives back the memory of a refused %s', async (_, make) => {
    const threads = idleThreads(1);
    const file = await make();
    const beforeBytes = process.memoryUsage().rss;
    const link = new ThreadLink(threads, abandoned, file);
    const refused = LinkedRunner.open(link, openRequest(file), never);
    await expect(refused).rejects.toMatchObject({ reason: 'MODEL_UNSAFE' });
    await eventually(() => threads.count === 1);
    await eventually(() => process.memoryUsage().rss - beforeBytes < REFUSED_BYTES / 2);
    threads.close();
  });

  it('keeps no more threads than it may, and none that has ended', async () => {
    const threads = idleThreads(1);
    const runners = [await open(threads, timesModel(2)), await open(threads, timesModel(3))];
    await Promise.all(runners.map((runner) => runner.close()));
    expect(threads.count).toBe(1);
    const worker = threads.take();
    threads.give(worker);
    await worker.terminate();
    expect(threads.count).toBe(0);
  });
});
