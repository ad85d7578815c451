import { isDeepStrictEqual } from 'node:util';
import { times } from '../models/graphs.ts';
import { longRun, slowRequest } from '../oip/time.ts';
import type { Checks } from '../suite/check.ts';
import { expect } from '../suite/expect.ts';
import { begun, infer } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import {
  expectFactor,
  inferLoadable,
  load,
  MODEL_REPOSITORY as extension,
  NAME,
  upload,
} from './loadable.ts';

/** Loads and unloads while requests are on their way. */
export const changeChecks: Checks = {
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
};

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

function expectEither(found: readonly unknown[], factors: readonly number[]): void {
  const known = factors.some((factor) =>
    isDeepStrictEqual(
      found,
      [1, 2, 3, 4].map((x) => x * factor),
    ),
  );
  expect(known, `OUTPUT0 is ${found.join()}: no version answers so`);
}
