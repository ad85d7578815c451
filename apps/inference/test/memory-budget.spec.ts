import { describe, expect, it } from '@jest/globals';
import { InferenceService, Invariance, VersionState } from '@plumbline/contract-inference';
import { createClient } from '@plumbline/rpc';
import { eventually } from '@plumbline/testing';
import { mlpModel } from './models.ts';
import { modelFolder, startStandalone } from './standalone.ts';

const MODELS = ['a', 'b', 'c', 'd', 'e', 'f'];
const BUDGET_MIB = 100;

/** About 4 MB of weights, different for each. */
const modelOf = (index: number) => mlpModel([2, 1_000, 1_000 + index, 1]);

describe('a budget of memory', () => {
  it('lets more models be asked than fit, each loaded again when it is', async () => {
    const files = MODELS.map((name, index) => [`${name}/1/model.onnx`, modelOf(index)] as const);
    const { root } = await modelFolder(Object.fromEntries(files));
    const settings = { MEMORY_BUDGET_MIB: String(BUDGET_MIB), MEMORY_MIN_IDLE_MS: '0', RUNNERS: '1' };
    const server = await startStandalone(root, settings);
    await server.ready();
    const states = async () => (await server.oip.repositoryIndex({})).models.map(({ state }) => state);
    const budgetBytes = BUDGET_MIB * 2 ** 20;
    const used = async () => {
      const { modelStats } = await server.oip.modelStatistics({});
      return modelStats
        .flatMap(({ memoryUsage }) => memoryUsage)
        .reduce((sum, { byteSize }) => sum + Number(byteSize), 0);
    };
    expect((await states()).filter((state) => state === 'READY').length).toBeLessThan(MODELS.length);
    const answers = new Map<string, number[]>();
    for (let round = 0; round < 3; round++) {
      const asked = MODELS.flatMap((name) => [name, name]).map(async (name) => {
        const { y } = await server.infer(name, [[1, 2]]);
        expect(y).toEqual(answers.get(name) ?? y);
        answers.set(name, y);
      });
      await Promise.all(asked);
      expect(await used()).toBeLessThanOrEqual(budgetBytes);
      expect(await used()).toBeGreaterThan(0);
    }
    expect([...answers.keys()].sort()).toEqual(MODELS);
    const evicted = (await server.oip.repositoryIndex({})).models.filter(({ state }) => state !== 'READY');
    expect(evicted.map(({ state, reason }) => `${state} ${reason}`)).toContain(
      'UNAVAILABLE unloaded for memory',
    );
    for (const { name } of evicted) expect((await server.oip.modelReady({ name })).ready).toBe(true);
    const metrics = await (await fetch(`http://127.0.0.1:${server.service.adminPort}/metrics`)).text();
    const [, gauge] = /^plumbline_inference_memory_bytes{device="cpu"} (\d+)$/m.exec(metrics) ?? [];
    expect(Number(gauge)).toBe(await used());
    for (const { name } of evicted) {
      expect(await server.oip.modelMetadata({ name })).toMatchObject({ versions: ['1'] });
      expect((await server.oip.modelConfig({ name })).config).toMatchObject({ name, maxBatchSize: 64 });
      const [statistics] = (await server.oip.modelStatistics({ name, version: '1' })).modelStats;
      expect(statistics).toMatchObject({ inferenceCount: 6n, memoryUsage: [] });
      expect(metrics).toMatch(new RegExp(`^nv_inference_count\\{model="${name}",.*\\} 6$`, 'm'));
    }
    const control = createClient(InferenceService, server.channel);
    for (const status of (await control.getStatus({})).versions) {
      const isLoaded = status.state !== VersionState.EVICTED;
      expect([status.model, isLoaded]).toEqual([
        status.model,
        !evicted.some(({ name }) => name === status.model),
      ]);
      expect(status).toMatchObject({ invariance: Invariance.INVARIANT, invarianceRows: 0, requests: 6n });
    }
    const after = (await server.oip.repositoryIndex({})).models.filter(({ state }) => state !== 'READY');
    expect(after).toEqual(evicted);
    await server.stop();
  });

  it('makes room for what is loaded by name', async () => {
    const files = MODELS.map((name, index) => [`${name}/1/model.onnx`, modelOf(index)] as const);
    const { root } = await modelFolder(Object.fromEntries(files));
    const settings = { MEMORY_BUDGET_MIB: String(BUDGET_MIB), MEMORY_MIN_IDLE_MS: '0' };
    const server = await startStandalone(root, { ...settings, MODEL_CONTROL_MODE: 'explicit' });
    for (const name of MODELS) {
      await server.oip.repositoryModelLoad({ modelName: name }, { timeoutMs: 120_000 });
      const { models } = await server.oip.repositoryIndex({ ready: true });
      expect(models.map((model) => model.name)).toContain(name);
    }
    const { models } = await server.oip.repositoryIndex({ ready: true });
    expect(models.length).toBeLessThan(MODELS.length);
    expect((await server.infer('a', [[1, 2]])).y).toHaveLength(1);
    await server.stop();
  });

  it('refuses a model that is larger by itself', async () => {
    const { root } = await modelFolder({ 'big/1/model.onnx': modelOf(0) });
    const server = await startStandalone(root, { MEMORY_BUDGET_MIB: '1' });
    await server.ready();
    await expect(server.infer('big', [[1, 2]])).rejects.toMatchObject({
      reason: 'MEMORY_BUDGET',
      codeName: 'RESOURCE_EXHAUSTED',
    });
    await eventually(() => server.log.lines.find(({ fields }) => fields['reason'] === 'MEMORY_BUDGET'));
    await server.stop();
  });
});
