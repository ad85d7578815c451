import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { elementsOf, infer, outputOf, request } from '../target/infer.ts';
import { fourWide, simpleInputs } from '../target/values.ts';

export const versionChecks: Checks = {
  chosen: {
    title: 'model_version chooses the version; none is the newest',
    models: ['versioned'],
    run: async (target) => {
      for (const [modelVersion, factor] of [
        ['1', 1],
        ['2', 2],
        ['', 2],
      ] as const) {
        const answer = await infer(target, request('versioned', [fourWide(1, 2, 3, 4)], { modelVersion }));
        expectEqual(answer.version, String(factor), 'model_version');
        expectEqual(
          elementsOf(outputOf(answer, 'OUTPUT0')),
          [1, 2, 3, 4].map((x) => x * factor),
          'OUTPUT0',
        );
      }
    },
  },
  'unknown-model': {
    title: 'an unknown model is NOT_FOUND, with a message',
    run: async (target) => {
      const error = await expectStatus(infer(target, request('no-such-model', simpleInputs(0))), 'NOT_FOUND');
      expect(error.message !== '', 'the message is empty');
    },
  },
  'unknown-version': {
    title: 'an unknown version is NOT_FOUND',
    models: ['simple'],
    run: async (target) => {
      const call = infer(target, request('simple', simpleInputs(0), { modelVersion: '99' }));
      await expectStatus(call, 'NOT_FOUND');
    },
  },
  'no-number': {
    title: 'a version that is no number is INVALID_ARGUMENT or NOT_FOUND',
    models: ['simple'],
    run: async (target) => {
      const call = infer(target, request('simple', simpleInputs(0), { modelVersion: 'newest' }));
      await expectStatus(call, 'INVALID_ARGUMENT', 'NOT_FOUND');
    },
  },
};
