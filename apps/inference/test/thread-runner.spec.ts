import { writeFile } from 'node:fs/promises';
import { BroadcastChannel } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { treeEnsembleClassifier, buildModel } from '@plumbline/onnx';
import { eventually } from '@plumbline/testing';
import { batcherOptions } from './batcher-options.ts';
import { Batcher } from '../src/domain/batching/batcher.ts';
import { classifyInvariance } from '../src/domain/loading/invariance.ts';
import { RunnerPool } from '../src/domain/batching/runner-pool.ts';
import { RunnerLost, type Batch, type Runner, type RunnerOptions } from '../src/domain/runners/runner.ts';
import { TimedRunner } from '../src/domain/runners/timed-runner.ts';
import { AbandonedThreads } from '../src/engine/abandoned-threads.ts';
import { PROCESS_ENTRY } from '../src/engine/process-link.ts';
import { TieredEngine } from '../src/engine/tiered-engine.ts';
import { loopModel, mlpModel, timesModel, zipMapModel } from './models.ts';
import { floats } from './replica.ts';
import { engineOptions, floatBatch, modelFile as fileOf, openThread } from './runners.ts';

const never = new AbortController().signal;
const events: string[] = [];
const abandoned = new AbandonedThreads({
  maxAbandoned: 4,
  onAbandoned: (_model, event, count) => events.push(`${event} ${count}`),
});
const threadFrom = (name: string) => ({
  abandoned,
  entries: { thread: new URL(name, import.meta.url), process: PROCESS_ENTRY },
});
const options = { abandoned };
const CPU_THREAD: RunnerOptions = { device: 'cpu', intraOpThreads: 1, untrusted: false };
const crashing = threadFrom('./crashing-thread.ts');

/** About half a second of a loop. */
const TRIPS = 1_000_000;

const request = (value: number) => ({
  rows: 1,
  inputs: [floats(value, 1)],
  shapes: [[1, 2]],
  outputs: [0],
  bucket: '',
});

describe('a runner on a thread', () => {
  it('reads the signature, runs in place and ends when it is closed', async () => {
    const runner = await openThread(await fileOf(timesModel(3)), never, options);
    expect(runner.signature).toEqual({
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 2] }],
    });
    const batch = floatBatch(runner, 2, [1, 2, 3, 4]);
    const { outputs } = await runner.run(batch);
    expect([...new Float32Array(outputs[0]?.raw.slice().buffer ?? new ArrayBuffer(0))]).toEqual([
      3, 6, 9, 12,
    ]);
    expect(batch.buffer.byteLength).toBe(0);
    await runner.close();
    await expect(runner.run(floatBatch(runner, 2, [1, 2]))).rejects.toBeInstanceOf(RunnerLost);
  });

  it('serves probabilities that a stock export returns as maps as a tensor', async () => {
    const runner = await openThread(await fileOf(zipMapModel()), never, options);
    expect(runner.signature.outputs).toEqual([
      { name: 'label', datatype: 'INT64', shape: [-1] },
      { name: 'probabilities', datatype: 'FP32', shape: [-1, 2], labels: ['0', '1'] },
    ]);
    const batch = floatBatch(runner, 2, [0.25, 0.75, 0.5, 0.125]);
    const { outputs } = await runner.run(batch);
    const [label, probabilities] = outputs.map(({ raw }) => raw.slice().buffer);
    expect([...new BigInt64Array(label!)]).toEqual([1n, 0n]);
    expect([...new Float32Array(probabilities!)]).toEqual([0.25, 0.75, 0.5, 0.125]);
    await runner.close();
  });

  it('tells the wait behind the run before from its own time in the engine', async () => {
    const runner = await openThread(await fileOf(loopModel()), never, options);
    const batches = [1, 2].map(() => floatBatch(runner, 2, [100_000, 1]));
    const handedMs = performance.now();
    const runs = batches.map((batch) => runner.run(batch));
    const apartUs = 1_000 * (performance.now() - handedMs);
    const [first, second] = await Promise.all(runs);
    expect(first?.inferUs).toBeGreaterThan(1_000);
    const firstTookUs = first!.waitedUs + first!.inferUs;
    expect(second!.waitedUs + apartUs).toBeGreaterThanOrEqual(firstTookUs);
    await runner.close();
  });

  it('refuses a file that changed after it was verified', async () => {
    const file = await fileOf(timesModel(3));
    await writeFile(file.path, timesModel(4));
    await expect(openThread(file, never, options)).rejects.toMatchObject({
      reason: 'ARTIFACT_CORRUPT',
    });
  });

  it('finishes the runs it was given before it closes', async () => {
    const runner = await openThread(await fileOf(mlpModel([256, 256, 1])), never, options);
    const runs = Array.from({ length: 5 }, () =>
      runner.run(floatBatch(runner, 256, new Float32Array(64 * 256))),
    );
    await runner.close();
    expect(await Promise.all(runs)).toHaveLength(5);
  });

  it('keeps the serving thread free while a model runs', async () => {
    const runner = await openThread(await fileOf(loopModel()), never, options);
    const [process0, thread0] = [process.cpuUsage(), process.threadCpuUsage()];
    const runs = Array.from({ length: 4 }, () => runner.run(looping(runner, TRIPS)));
    expect(await Promise.all(runs)).toHaveLength(4);
    const [all, own] = [process.cpuUsage(process0), process.threadCpuUsage(thread0)];
    // Of the CPU time of these runs hardly any is the serving thread's, however slow the machine.
    expect(own.user + own.system).toBeLessThan((all.user + all.system) / 4);
    await runner.close();
  });

  it('fails the request that crashes every thread it runs on, and the batcher goes on with a new one', async () => {
    const file = await fileOf(timesModel(2));
    const first = await openThread(file, never, crashing);
    const losses: unknown[] = [];
    const batcher = new Batcher(
      batcherOptions({ signature: first.signature, maxQueuedRows: 100 }),
      (onFree) =>
        new RunnerPool([first], {
          reopen: () => openThread(file, never, crashing),
          depth: 2,
          delay: () => Promise.resolve(),
          onFree,
          onLoss: (error) => losses.push(error),
        }),
    );
    const limits = { deadlineMs: Infinity, signal: undefined };
    await expect(batcher.infer(request(666), limits)).rejects.toMatchObject({
      codeName: 'INVALID_ARGUMENT',
      reason: 'REQUEST_CRASHED_RUNNER',
    });
    const answer = await eventually(() => batcher.infer(request(21), limits));
    expect([...new Float32Array(answer.outputs[0]?.raw.slice().buffer ?? new ArrayBuffer(0))]).toEqual([
      42, 2,
    ]);
    expect(losses).toHaveLength(2);
    await batcher.close();
  });

  it('finds a tree ensemble on one intra-op thread invariant', async () => {
    const tree = (feature: number, threshold: number) => ({
      feature: [feature, -1, -1],
      threshold: [threshold, 0, 0],
      missingLeft: [1, 0, 0],
      left: [1, 0, 0],
      right: [2, 0, 0],
      value: [0, 0.1 + threshold / 7, -0.3],
    });
    const trees = Array.from({ length: 100 }, (_, index) => tree(index % 3, Math.sin(index)));
    const names = ['a', 'b', 'c'];
    const model = buildModel({
      name: 'trees',
      producer: { name: 'plumbline-test', version: '' },
      inputs: names.map((name) => ({ name, datatype: 'FP32', shape: [-1, 1] })),
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [-1] },
        { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
      ],
      nodes: [
        { operator: 'Concat', inputs: names, outputs: ['features'], attributes: { axis: { int: 1 } } },
        treeEnsembleClassifier(
          { base: 0.05, trees },
          { features: 'features', label: 'label', probabilities: 'probabilities' },
        ),
      ],
    });
    const runner = await openThread(await fileOf(model), never, options);
    expect(
      await classifyInvariance(runner, { golden: undefined, maxBatchRows: 64, policy: { kind: 'alone' } }),
    ).toEqual({ class: 'INVARIANT' });
    await runner.close();
  });

  it('is abandoned in the middle of a run without ending the process, and ends by itself when the run does', async () => {
    const runner = await openThread(await fileOf(loopModel()), never, options);
    events.length = 0;
    const runs = Promise.allSettled([runner.run(looping(runner, TRIPS)), runner.run(looping(runner, 1))]);
    runner.abandon();
    expect(abandoned.count).toBe(1);
    expect(await runs).toMatchObject(Array(2).fill({ reason: { name: 'RunnerLost' } }));
    await runner.close();
    await eventually(() => abandoned.count === 0);
    expect(events).toEqual(['abandoned 1', 'ended 0']);
  });

  it('is abandoned when its engine is closed before it', async () => {
    const engine = await TieredEngine.start(engineOptions(options));
    const closed = await engine.open(await fileOf(timesModel(2)), CPU_THREAD, never);
    const runner = await engine.open(await fileOf(loopModel()), CPU_THREAD, never);
    await closed.close();
    const run = runner.run(looping(runner, TRIPS));
    engine.close();
    expect(engine.abandoned).toBe(1);
    await expect(run).rejects.toBeInstanceOf(RunnerLost);
    await expect(engine.open(await fileOf(timesModel(2)), CPU_THREAD, never)).rejects.toBeInstanceOf(
      RunnerLost,
    );
    await eventually(() => engine.abandoned === 0);
  });

  it('gives up a model that is not open in time, and opens it no third time until one has ended', async () => {
    const file = await fileOf(timesModel(7));
    const late = threadFrom('./late-thread.ts');
    for (let opened = 0; opened < 2; opened++) {
      const opening = openThread(file, AbortSignal.timeout(50), late);
      await expect(opening).rejects.toMatchObject({ name: 'TimeoutError' });
    }
    const third = openThread(file, never, options);
    await expect(third).rejects.toMatchObject({ reason: 'RUNNERS_EXHAUSTED' });
    const other = await openThread(await fileOf(timesModel(8)), never, options);
    await other.close();
    const release = new BroadcastChannel('late-thread');
    await eventually(() => {
      release.postMessage('go on');
      return abandoned.count === 0;
    });
    release.close();
    const runner = await openThread(file, never, options);
    await runner.close();
  });

  it('loses a run in service that does not come back, and the batcher goes on with a new thread', async () => {
    const file = await fileOf(loopModel());
    const first = await openThread(file, never, options);
    let isLate = true;
    const timed = (runner: Runner) =>
      new TimedRunner(runner, 500, (_ms, ring) => {
        if (isLate) queueMicrotask(ring);
        return () => undefined;
      });
    const batcher = new Batcher(
      batcherOptions({ signature: first.signature, maxQueuedRows: 100 }),
      (onFree) =>
        new RunnerPool([timed(first)], {
          reopen: async (signal) => timed(await openThread(file, signal, options)),
          depth: 2,
          delay: () => Promise.resolve(),
          onFree,
          onLoss: () => undefined,
        }),
    );
    const limits = { deadlineMs: Infinity, signal: undefined };
    const run = batcher.infer(request(TRIPS), limits);
    await expect(run).rejects.toMatchObject({ reason: 'INFERENCE_TIMEOUT' });
    isLate = false;
    const answer = await eventually(() => batcher.infer(request(1), limits));
    expect([...new Float32Array(answer.outputs[0]?.raw.slice().buffer ?? new ArrayBuffer(0))]).toEqual([
      1, 1,
    ]);
    await batcher.close();
    await eventually(() => abandoned.count === 0);
  });
});

function looping(runner: Runner, trips: number): Batch {
  return floatBatch(runner, 2, [trips, trips]);
}
