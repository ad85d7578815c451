import type { Checks } from '../suite/check.ts';
import { expect, expectEqual } from '../suite/expect.ts';
import { Skipped } from '../suite/outcome.ts';
import type { Target } from '../target/target.ts';
import { expectRefused, get, post } from './http.ts';

const extension = 'model_repository';

async function index(target: Target): Promise<readonly { name: string; state?: string }[]> {
  const { status, body } = await post(target, 'v2/repository/index', {});
  expectEqual(status, 200, 'the status of the index');
  return JSON.parse(body.toString()) as { name: string; state?: string }[];
}

export const controlChecks: Checks = {
  index: {
    title: 'POST v2/repository/index lists models as an array',
    models: ['simple'],
    extension,
    run: async (target) => {
      const simple = (await index(target)).find(({ name }) => name === 'simple');
      expectEqual(simple?.state, 'READY', 'the state of simple');
    },
  },
  'load-unload': {
    title: 'POST v2/repository/models/<model>/unload and …/load withdraw a model and bring it back',
    extension,
    run: async (target) => {
      const first = await post(target, 'v2/repository/models/loadable/load', {});
      if (!target.own && first.status >= 500) throw new Skipped('the server does not load models on request');
      expectEqual(first.status, 200, 'the status of load');
      expectEqual(
        (await post(target, 'v2/repository/models/loadable/unload', {})).status,
        200,
        'the status of unload',
      );
      expect((await get(target, 'v2/models/loadable/ready')).status !== 200, 'it is ready once unloaded');
      expectEqual(
        (await post(target, 'v2/repository/models/loadable/load', {})).status,
        200,
        'the status of load',
      );
      expectEqual((await get(target, 'v2/models/loadable/ready')).status, 200, 'the status of ready');
    },
  },
  'load-unknown': {
    title: 'loading a model that is not there fails with an error object',
    extension,
    run: async (target) => {
      const answer = await post(target, 'v2/repository/models/no-such-model/load', {});
      expectRefused(answer, 400, 404, 500, 503);
    },
  },
};
