import { times } from '../models/graphs.ts';
import type { Checks } from '../suite/check.ts';
import { expectEqual, expectStatus } from '../suite/expect.ts';
import { isReady } from '../target/target.ts';
import {
  configJson,
  expectFactor,
  load,
  MODEL_REPOSITORY as extension,
  NAME,
  REFUSED,
  until,
  upload,
} from './loadable.ts';
import { configOf } from './model-config.ts';

/** Loads that bring a configuration or files with the call. */
export const overrideChecks: Checks = {
  file: {
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
  'file-alone': {
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
  'broken-file': {
    title: 'a load that fails says so and leaves what served before serving',
    extension,
    run: async (target) => {
      await load(target);
      const parameters = upload(NAME, Buffer.from('no model'));
      await expectStatus(target.client.repositoryModelLoad({ modelName: NAME, parameters }), ...REFUSED);
      await expectFactor(target, 4);
    },
  },
  config: {
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
  'broken-config': {
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
