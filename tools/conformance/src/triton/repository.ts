import { isDeepStrictEqual } from 'node:util';
import { ServiceError } from '@plumbline/errors';
import { times } from '../models/graphs.ts';
import { longRun, slowRequest } from '../oip/time.ts';
import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { Skipped } from '../suite/outcome.ts';
import { begun, elementsOf, infer, outputOf, request } from '../target/infer.ts';
import { isReady, type Target } from '../target/target.ts';
import { fourWide } from '../target/values.ts';
import { configOf } from './model-config.ts';

const extension = 'model_repository';
const NAME = 'loadable';

/** Statuses for what a repository does not have, or will not load. */
const REFUSED = ['NOT_FOUND', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION', 'INTERNAL', 'UNAVAILABLE'] as const;

/** Loads `loadable` as the repository has it. @throws Skipped where a foreign server's models are not controlled so */
async function load({ client, own }: Target): Promise<void> {
  try {
    await client.repositoryModelLoad({ modelName: NAME });
  } catch (error) {
    const refused =
      error instanceof ServiceError && ['UNAVAILABLE', 'UNIMPLEMENTED'].includes(error.codeName);
    if (own || !refused) throw error;
    throw new Skipped(`the server does not load models on request: ${error.message}`);
  }
}

/** OUTPUT0 of `loadable`, or of another model like it, for 1, 2, 3, 4. */
async function inferLoadable(target: Target, name = NAME): Promise<readonly unknown[]> {
  return elementsOf(outputOf(await infer(target, request(name, [fourWide(1, 2, 3, 4)])), 'OUTPUT0'));
}

function expectEither(found: readonly unknown[], factors: readonly number[]): void {
  const known = factors.some((factor) =>
    isDeepStrictEqual(
      found,
      [1, 2, 3, 4].map((x) => x * factor),
    ),
  );
  expect(known, `OUTPUT0 is ${found.join()}: no version answers so`);
}

/** Loads the model anew by each factor in turn. */
async function reloads(target: Target, factors: readonly number[]): Promise<void> {
  for (const factor of factors) {
    const parameters = upload(NAME, times(factor));
    await target.client.repositoryModelLoad({ modelName: NAME, parameters });
  }
}

/** Eight callers that infer for as long as the reloads by 4 and 5 go on. */
async function inferUntil(target: Target, reloading: Promise<void>): Promise<void> {
  let done = false;
  const end = begun(reloading.finally(() => (done = true)));
  const callers = Array.from({ length: 8 }, async () => {
    while (!done) expectEither(await inferLoadable(target), [4, 5]);
  });
  await Promise.all([end, ...callers]);
}

async function expectFactor(target: Target, factor: number, name = NAME): Promise<void> {
  expectEqual(
    await inferLoadable(target, name),
    [1, 2, 3, 4].map((x) => x * factor),
    'OUTPUT0',
  );
}

/** A configuration in JSON and a model file, as parameters of RepositoryModelLoad. */
function upload(name: string, file: Uint8Array) {
  return {
    config: { parameterChoice: { case: 'stringParam' as const, value: configJson(name, 8) } },
    'file:1/model.onnx': { parameterChoice: { case: 'bytesParam' as const, value: file } },
  };
}

function configJson(name: string, maxBatchSize: number): string {
  const tensor = (tensorName: string) => ({ name: tensorName, data_type: 'TYPE_FP32', dims: [4] });
  return JSON.stringify({
    name,
    platform: 'onnxruntime_onnx',
    max_batch_size: maxBatchSize,
    input: [tensor('INPUT0')],
    output: [tensor('OUTPUT0')],
  });
}

export const repositoryChecks: Checks = {
  index: {
    title: 'RepositoryIndex lists loaded models with version and state READY',
    models: ['simple', 'versioned'],
    extension,
    run: async ({ client }) => {
      const { models } = await client.repositoryIndex({});
      const found = models.filter(({ name }) => name === 'simple' || name === 'versioned');
      const lines = found.map(({ name, version, state }) => `${name}/${version} ${state}`).sort();
      expectEqual(lines, ['simple/1 READY', 'versioned/1 READY', 'versioned/2 READY'], 'the index');
    },
  },
  unload: {
    title: 'an unloaded model is not ready, refuses requests, and leaves the index of ready ones',
    models: ['simple'],
    extension,
    run: async (target) => {
      await load(target);
      await target.client.repositoryModelUnload({ modelName: NAME });
      await until(async () => !(await isReady(target.client, NAME)), 'the model stays ready');
      await expectStatus(infer(target, request(NAME, [fourWide(1, 2, 3, 4)])), 'NOT_FOUND', 'UNAVAILABLE');
      const { models } = await target.client.repositoryIndex({ ready: true });
      expect(!models.some(({ name }) => name === NAME), 'the index of ready models still has it');
      const all = (await target.client.repositoryIndex({})).models.filter(({ name }) => name === NAME);
      expect(all.length > 0, 'the whole index has lost it');
      expect(
        all.every(({ state }) => state !== 'READY'),
        'the whole index says READY',
      );
    },
  },
  load: {
    title: 'a model that was unloaded answers again once RepositoryModelLoad has',
    extension,
    run: async (target) => {
      await load(target);
      await target.client.repositoryModelUnload({ modelName: NAME });
      await load(target);
      await expectFactor(target, 4);
    },
  },
  'load-twice': {
    title: 'loading a loaded model changes nothing',
    extension,
    run: async (target) => {
      await load(target);
      await load(target);
      await expectFactor(target, 4);
    },
  },
  'load-unknown': {
    title: 'loading a model that is not there fails',
    extension,
    run: async ({ client }) => {
      await expectStatus(client.repositoryModelLoad({ modelName: 'no-such-model' }), ...REFUSED);
    },
  },
  'load-file': {
    title: 'RepositoryModelLoad takes a model file and a configuration with the call',
    extension,
    run: async (target) => {
      await load(target);
      await target.client.repositoryModelLoad({
        modelName: 'uploaded',
        parameters: upload('uploaded', times(5)),
      });
      await expectFactor(target, 5, 'uploaded');
      await target.client.repositoryModelUnload({ modelName: 'uploaded' });
      await until(async () => !(await isReady(target.client, 'uploaded')), 'it stays ready once unloaded');
    },
  },
  'load-file-alone': {
    title: 'a model file without a configuration is refused',
    extension,
    run: async (target) => {
      await load(target);
      const { config: _, ...parameters } = upload(NAME, times(5));
      await expectStatus(
        target.client.repositoryModelLoad({ modelName: NAME, parameters }),
        'INVALID_ARGUMENT',
      );
      await expectFactor(target, 4);
    },
  },
  'load-broken': {
    title: 'a load that fails says so and leaves what served before serving',
    extension,
    run: async (target) => {
      await load(target);
      const parameters = upload(NAME, Buffer.from('no model'));
      await expectStatus(target.client.repositoryModelLoad({ modelName: NAME, parameters }), ...REFUSED);
      await expectFactor(target, 4);
    },
  },
  'load-config': {
    title:
      'a configuration that comes with the call takes the place of the repository’s, until the next load',
    extension,
    run: async (target) => {
      const value = configJson(NAME, 2);
      const parameters = { config: { parameterChoice: { case: 'stringParam' as const, value } } };
      await load(target);
      await target.client.repositoryModelLoad({ modelName: NAME, parameters });
      expectEqual((await configOf(target, NAME)).maxBatchSize, 2, 'max_batch_size as given with the call');
      await expectFactor(target, 4);
      await load(target);
      expectEqual((await configOf(target, NAME)).maxBatchSize, 8, 'max_batch_size as in the repository');
    },
  },
  'reload-under-load': {
    title: 'requests that come while a model is loaded anew are all answered, by the old or the new version',
    extension,
    run: async (target) => {
      await load(target);
      await inferUntil(target, reloads(target, [5, 4, 5]));
      await expectFactor(target, 5);
      await load(target);
      await expectFactor(target, 4);
    },
  },
  'unload-in-flight': {
    title: 'a request that runs while its model is unloaded is answered',
    models: ['slow'],
    extension,
    run: async (target) => {
      await load(target);
      const { turns } = await longRun(target, 'slow', 200);
      const running = begun(infer(target, slowRequest('slow', turns)));
      await target.client.repositoryModelUnload({ modelName: 'slow' });
      await running;
      await target.client.repositoryModelLoad({ modelName: 'slow' });
      await infer(target, slowRequest('slow', 1));
    },
  },
  'load-bad-config': {
    title: 'a configuration that is no JSON is refused',
    extension,
    run: async (target) => {
      await load(target);
      const parameters = {
        config: { parameterChoice: { case: 'stringParam' as const, value: '{ "name": ' } },
      };
      await expectStatus(target.client.repositoryModelLoad({ modelName: NAME, parameters }), ...REFUSED);
      await expectFactor(target, 4);
    },
  },
};

/** Unloading may go on after its answer. */
async function until(condition: () => Promise<boolean>, finding: string): Promise<void> {
  const lastMs = performance.now() + 10_000;
  while (!(await condition())) {
    expect(performance.now() < lastMs, finding);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
