import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { infer, request } from '../target/infer.ts';
import { isReady } from '../target/target.ts';
import { fourWide } from '../target/values.ts';
import { expectFactor, load, MODEL_REPOSITORY as extension, NAME, REFUSED, until } from './loadable.ts';

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
};
