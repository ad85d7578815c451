import { ServiceError } from '@plumbline/errors';
import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { callBytes } from '../target/infer.ts';

export const healthChecks: Checks = {
  live: {
    title: 'ServerLive says that the server is live',
    run: async ({ client }) => expectEqual((await client.serverLive({})).live, true, 'live'),
  },
  ready: {
    title: 'ServerReady says that the server is ready',
    run: async ({ client }) => expectEqual((await client.serverReady({})).ready, true, 'ready'),
  },
  'model-ready': {
    title: 'ModelReady says that a loaded model is ready, with and without its version',
    models: ['simple'],
    run: async ({ client }) => {
      expectEqual((await client.modelReady({ name: 'simple' })).ready, true, 'ready');
      expectEqual(
        (await client.modelReady({ name: 'simple', version: '1' })).ready,
        true,
        'ready of version 1',
      );
    },
  },
  'unknown-model': {
    title: 'ModelReady of an unknown model says false or NOT_FOUND',
    run: async ({ client }) => {
      await expectUnready(client.modelReady({ name: 'no-such-model' }));
    },
  },
  'unknown-version': {
    title: 'ModelReady of an unknown version says false or NOT_FOUND',
    models: ['simple'],
    run: async ({ client }) => {
      await expectUnready(client.modelReady({ name: 'simple', version: '99' }));
    },
  },
  'unknown-method': {
    title: 'a method that the service does not have answers UNIMPLEMENTED',
    run: async (target) => {
      await expectStatus(callBytes(target, 'NoSuchMethod', new Uint8Array()), 'UNIMPLEMENTED');
    },
  },
  'many-at-once': {
    title: 'a hundred health checks at once are all answered',
    run: async ({ client }) => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => client.serverLive({})));
      expect(
        answers.every(({ live }) => live),
        'some answers said that the server is not live',
      );
    },
  },
};

async function expectUnready(asked: Promise<{ ready: boolean }>): Promise<void> {
  try {
    expectEqual((await asked).ready, false, 'ready');
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    expectEqual(error.codeName, 'NOT_FOUND', 'the status');
  }
}
