import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { RunnerLost } from '../src/domain/runners/runner.ts';
import { AbandonedThreads } from '../src/engine/abandoned-threads.ts';
import { TieredEngine } from '../src/engine/tiered-engine.ts';
import { divisionModel, hostileModel, timesModel } from './models.ts';
import { engineOptions, floatBatch, modelFile } from './runners.ts';

const never = new AbortController().signal;
/** A GPU that no machine of ours has, with or without its libraries. */
const ABSENT = 'cuda:63';
const on = (device: string, untrusted = false) => ({ device, intraOpThreads: 1, untrusted });

describe('TieredEngine', () => {
  it('reports every provider in the order asked for, and models run on the first that is there', async () => {
    const engine = await TieredEngine.start(engineOptions({ providers: [ABSENT, 'cpu'] }));
    expect(engine.providers).toEqual([
      { device: ABSENT, available: false, detail: expect.stringMatching(/\w/), cause: expect.any(Error) },
      { device: 'cpu', available: true, detail: '' },
    ]);
    expect(engine.defaultDevice).toBe('cpu');
    engine.close();
  });

  it('refuses a model for a device that is unavailable or was not asked for, and never runs it elsewhere', async () => {
    const engine = await TieredEngine.start(engineOptions({ providers: [ABSENT, 'cpu'] }));
    const file = await modelFile(timesModel(2));
    for (const device of [ABSENT, 'cuda:62']) {
      await expect(engine.open(file, on(device), never)).rejects.toMatchObject({
        reason: 'PROVIDER_UNAVAILABLE',
        message: expect.stringContaining(device),
      });
    }
    engine.close();
  });

  it('does not start where nothing that was asked for is there', async () => {
    const starting = TieredEngine.start(engineOptions({ providers: [ABSENT] }));
    await expect(starting).rejects.toMatchObject({ reason: 'PROVIDER_UNAVAILABLE' });
  });

  it('takes trusted models of the CPU into threads of this process, untrusted ones into processes', async () => {
    const engine = await TieredEngine.start(engineOptions());
    const file = await modelFile(timesModel(2));
    const [trusted, untrusted] = await Promise.all([
      engine.open(file, on('cpu'), never),
      engine.open(file, on('cpu', true), never),
    ]);
    expect(untrusted.signature).toEqual(trusted.signature);
    // A process of its own brings the runtime along.
    expect(untrusted.memoryBytes).toBeGreaterThan(trusted.memoryBytes);
    await Promise.all([trusted.close(), untrusted.close()]);
    engine.close();
  });

  it('takes a model that a request can crash into a process, and lives on when one does', async () => {
    const engine = await TieredEngine.start(engineOptions());
    const file = await modelFile(divisionModel());
    const runner = await engine.open(file, on('cpu'), never);
    const crash = runner.run(floatBatch(runner, 2, [-(2 ** 63), -1]));
    await expect(crash).rejects.toBeInstanceOf(RunnerLost);
    const next = await engine.open(file, on('cpu'), never);
    expect((await next.run(floatBatch(next, 2, [12, 3]))).outputs[0]?.shape).toEqual([1, 2]);
    engine.close();
  });

  it('goes on opening and restarting models in processes where threads are used up', async () => {
    const limits = { maxAbandoned: 4, onAbandoned: () => undefined };
    const engine = await TieredEngine.start(engineOptions({ abandoned: new AbandonedThreads(limits) }));
    limits.maxAbandoned = 0;
    const open = async (model: Uint8Array, untrusted = false) =>
      engine.open(await modelFile(model), on('cpu', untrusted), never);
    await expect(open(timesModel(2))).rejects.toMatchObject({ reason: 'RUNNERS_EXHAUSTED' });
    const runner = await open(divisionModel());
    await expect(runner.run(floatBatch(runner, 2, [-(2 ** 63), -1]))).rejects.toBeInstanceOf(RunnerLost);
    for (const next of [await open(divisionModel()), await open(timesModel(2), true)]) {
      expect((await next.run(floatBatch(next, 2, [12, 3]))).outputs[0]?.shape).toEqual([1, 2]);
    }
    engine.close();
  });

  it('leaves nothing behind on the signals of models that were opened and closed', async () => {
    const engine = await TieredEngine.start(engineOptions());
    const file = await modelFile(timesModel(2));
    const { signal } = new AbortController();
    for (let cycle = 0; cycle < 3; cycle++) await (await engine.open(file, on('cpu'), signal)).close();
    const hostile = engine.open(await modelFile(hostileModel()), on('cpu'), signal);
    await expect(hostile).rejects.toMatchObject({ reason: 'MODEL_UNSAFE' });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    engine.close();
  });

  it('opens nothing for a caller that has already gone', async () => {
    const engine = await TieredEngine.start(engineOptions());
    const opening = engine.open(
      await modelFile(timesModel(2)),
      on('cpu'),
      AbortSignal.abort(new Error('gone')),
    );
    await expect(opening).rejects.toThrow('gone');
    engine.close();
  });
});
