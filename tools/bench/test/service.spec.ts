import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { BareLoop } from '../src/inference/bare-loop.ts';
import { encoder, small, smallApart, swapped } from '../src/inference/benchmark-models.ts';
import {
  removeModel,
  removeVersion,
  writeRepository,
  writeVersion,
} from '../src/inference/model-repository.ts';
import { startService, type Service } from '../src/inference/service.ts';
import { Children } from '../src/processes/children.ts';
import { relativeDifference } from '../src/statistics/relative-difference.ts';

describe('the service under test', () => {
  let children: Children;
  let folder: string;
  let service: Service;

  beforeAll(async () => {
    children = await Children.start();
    folder = await temporaryDirectory();
    writeRepository(folder, [small, swapped]);
    service = await startService(children, folder, [small.name]);
  });
  afterAll(async () => {
    await service.close();
    await children.close();
  });

  it('holds what it was started with, counts its answers and knows their class of invariance', async () => {
    const { server } = service;
    expect(await server.holds(small)).toBe(true);
    expect(await server.holds(swapped)).toBe(false);
    const before = (await server.answered(small)) as number;
    await server.infer(small);
    await server.infer(small, 3);
    expect(await server.answered(small)).toBe(before + 2);
    expect(await server.properties(small)).toMatchObject({ invariance: 'INVARIANT' });
  });

  it('loads, swaps and unloads as it is told', async () => {
    const { server } = service;
    await server.load(swapped);
    expect(await server.versions(swapped)).toEqual(['1']);
    writeVersion(folder, swapped.name, 2, swapped.bytes(2));
    await server.load(swapped);
    expect(await server.versions(swapped)).toEqual(['2']);
    removeVersion(folder, swapped.name, 1);
    await server.infer(swapped);
    await server.unload(swapped);
    expect(await server.holds(swapped)).toBe(false);
  });

  it('answers what the bare loop answers, tokens included', async () => {
    writeRepository(folder, [encoder]);
    const bare = new BareLoop(children);
    await service.server.load(encoder);
    for (const model of [small, encoder]) {
      const expected = await bare.answer(folder, model, 2);
      expect(expected).toHaveLength(model === small ? 2 : 2 * 384);
      expect(relativeDifference(await service.server.answer(model, 2), expected)).toBeLessThan(1e-5);
    }
    await service.server.unload(encoder);
    await bare.stop();
  });

  it('runs what is not trusted in a process of its own', async () => {
    writeRepository(folder, [smallApart]);
    await service.server.load(smallApart);
    await service.server.infer(smallApart);
    await service.server.unload(smallApart);
    removeModel(folder, smallApart);
  });

  it('tells its memory and the delay of its event loop', async () => {
    expect(service.memoryBytes()).toBeGreaterThan(10 * 2 ** 20);
    expect(service.peakBytes()).toBeGreaterThan(10 * 2 ** 20);
    expect(await service.eventLoopDelaySeconds('0.999')).toBeGreaterThanOrEqual(0);
    expect(service.ended()).toBeUndefined();
  });
});
