import { describe, expect, it } from '@jest/globals';
import { eventually } from '@plumbline/testing';
import { IdleThreads } from '../src/engine/idle-threads.ts';
import { LinkedRunner } from '../src/engine/linked-runner.ts';
import { THREAD_ENTRY, ThreadLink } from '../src/engine/thread-link.ts';
import { hostileModel, timesModel } from './models.ts';
import { engineOptions, floatBatch, modelFile, openRequest } from './runners.ts';

const never = new AbortController().signal;
const { abandoned } = engineOptions();
const idleThreads = (most: number) => new IdleThreads({ entry: THREAD_ENTRY, heapMiB: 64 }, most);

async function open(threads: IdleThreads, model: Uint8Array): Promise<LinkedRunner> {
  const file = await modelFile(model);
  return LinkedRunner.open(new ThreadLink(threads, abandoned, file), openRequest(file), never);
}

async function answerOf(runner: LinkedRunner): Promise<number[]> {
  const { outputs } = await runner.run(floatBatch(runner, 2, [1, 2]));
  return [...new Float32Array(outputs[0]!.raw.slice().buffer)];
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
