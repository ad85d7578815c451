import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { small } from '../src/inference/benchmark-models.ts';
import type { Bench } from '../src/inference/bench.ts';
import { gpuModelsOnDevices } from '../src/inference/measurements/gpu-models.ts';
import { writeRepository } from '../src/inference/model-repository.ts';
import { QUICK } from '../src/inference/plan.ts';
import { Children } from '../src/processes/children.ts';

const ABSENT = 'cuda:99';

describe('the models for a GPU', () => {
  let children: Children;
  let bench: Bench;

  beforeAll(async () => {
    children = await Children.start();
    const repository = await temporaryDirectory();
    writeRepository(repository, [small]);
    // Nothing is asked of the service before the device is known to be there.
    bench = { plan: QUICK, children, repository, peer: undefined, devices: [ABSENT] } as unknown as Bench;
  });
  afterAll(() => children.close());

  it('are not measured on another device than the one asked for, and why is told', async () => {
    const results = await gpuModelsOnDevices.measure(bench, {
      update: () => undefined,
      done: () => undefined,
    });
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ id: 'gpu-models-cuda99', pass: false, runs: [] });
    expect(results[0]?.note).toMatch(/^cuda:99 is unavailable: bare-run\.ts: ./);
  });

  it('are measured wherever devices are named', async () => {
    expect(await gpuModelsOnDevices.leaveOut?.(bench)).toBeUndefined();
  });
});
