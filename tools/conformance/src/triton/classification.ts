import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { elementsOf, infer, input, outputOf, request, type InferRequest } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { fourWide } from '../target/values.ts';

const extension = 'classification';

const classes = (count: bigint) => ({
  name: 'OUTPUT0',
  parameters: { classification: { parameterChoice: { case: 'int64Param' as const, value: count } } },
});

/** The classes of a request, as [value, index, label…] in the order they came. */
async function classify(
  target: Target,
  init: InferRequest,
): Promise<{ shape: readonly number[]; found: string[][] }> {
  const output = outputOf(await infer(target, init), 'OUTPUT0');
  expectEqual(output.datatype, 'BYTES', 'the datatype');
  const found = elementsOf(output).map((text) =>
    Buffer.from(text as Uint8Array)
      .toString()
      .split(':'),
  );
  return { shape: output.shape, found };
}

export const classificationChecks: Checks = {
  labels: {
    title: 'the greatest values come as "value:index:label", the greatest first, row by row',
    models: ['labelled'],
    extension,
    run: async (target) => {
      const inputs = [fourWide(0.125, 0.5, 0.25, 0, 4, 3, 2, 1)];
      const { shape, found } = await classify(
        target,
        request('labelled', inputs, { outputs: [classes(2n)] }),
      );
      expectEqual(shape, [2, 2], 'the shape');
      const named = found.map(([value, index, label]) => [Number(value), index, label]);
      const expected = [
        [0.5, '1', 'east'],
        [0.25, '2', 'south'],
        [4, '0', 'north'],
        [3, '1', 'east'],
      ];
      expectEqual(named, expected, 'the classes');
    },
  },
  'no-labels': {
    title: 'classes of an output without labels come as "value:index"',
    models: ['versioned'],
    extension,
    run: async (target) => {
      const init = request('versioned', [fourWide(1, 4, 3, 2)], {
        modelVersion: '1',
        outputs: [classes(1n)],
      });
      const { found } = await classify(target, init);
      expectEqual(
        found.map(([value, ...rest]) => [Number(value), ...rest]),
        [[4, '1']],
        'the classes',
      );
    },
  },
  'more-than-classes': {
    title: 'more classes than there are: all of them',
    models: ['labelled'],
    extension,
    run: async (target) => {
      const init = request('labelled', [fourWide(1, 4, 3, 2)], { outputs: [classes(9n)] });
      const { shape, found } = await classify(target, init);
      expectEqual(shape, [1, 4], 'the shape');
      expectEqual(
        found.map(([, , label]) => label),
        ['east', 'south', 'west', 'north'],
        'the labels',
      );
    },
  },
  integers: {
    title: 'integers are classified too',
    models: ['identity_int32'],
    extension,
    run: async (target) => {
      const tensor = input('INPUT0', 'INT32', [1, 3], [5, -7, 9]);
      const { found } = await classify(
        target,
        request('identity_int32', [tensor], { outputs: [classes(1n)] }),
      );
      expectEqual(
        found.map(([value, index]) => [Number(value), index]),
        [[9, '2']],
        'the classes',
      );
    },
  },
  texts: {
    title: 'an output of BYTES cannot be classified: INVALID_ARGUMENT',
    models: ['identity_bytes'],
    extension,
    run: async (target) => {
      const tensor = input('INPUT0', 'BYTES', [1, 1], [Buffer.from('a')]);
      const call = infer(target, request('identity_bytes', [tensor], { outputs: [classes(1n)] }));
      const error = await expectStatus(call, 'INVALID_ARGUMENT');
      expect(error.message !== '', 'the message is empty');
    },
  },
};
