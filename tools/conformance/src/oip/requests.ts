import type { Checks } from '../suite/check.ts';
import { expectEqual, expectStatus } from '../suite/expect.ts';
import { elementsOf, infer, input, outputOf, request } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { fourWide, row, simpleInputs, texts } from '../target/values.ts';

export const requestChecks: Checks = {
  sum: {
    title: 'ModelInfer computes what the model does',
    models: ['simple'],
    run: async (target) => {
      const answer = await infer(target, request('simple', simpleInputs(0)));
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(1), 'OUTPUT0');
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT1')), row(-1), 'OUTPUT1');
    },
  },
  head: {
    title: 'an answer names its model and version',
    models: ['simple'],
    run: async (target) => {
      const { model, version } = await infer(target, request('simple', simpleInputs(0)));
      expectEqual({ model, version }, { model: 'simple', version: '1' }, 'the head');
    },
  },
  texts: {
    title: 'a model of texts reads and writes them: 16 sums and differences in decimal',
    models: ['simple_string'],
    run: async (target) => {
      const inputs = [row(0), row(1)].map((numbers, at) =>
        input(`INPUT${at}`, 'BYTES', [1, 16], texts(numbers)),
      );
      const answer = await infer(target, request('simple_string', inputs));
      const sums = elementsOf(outputOf(answer, 'OUTPUT0')).map((text) =>
        Buffer.from(text as Uint8Array).toString(),
      );
      expectEqual(
        sums,
        row(0).map((number) => String(2 * number + 1)),
        'OUTPUT0',
      );
    },
  },
  'narrow-integers': {
    title: 'a model of INT8 computes sum and difference',
    models: ['simple_int8'],
    run: async (target) => {
      const inputs = [row(0), row(1)].map((numbers, at) => input(`INPUT${at}`, 'INT8', [1, 16], numbers));
      const answer = await infer(target, request('simple_int8', inputs));
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT1')), new Array<number>(16).fill(-1), 'OUTPUT1');
    },
  },
  id: {
    title: 'the id of a request is echoed; none stays none',
    models: ['simple'],
    run: async (target) => {
      for (const id of ['request-7', '']) await expectId(target, id);
    },
  },
  'id-unicode': {
    title: 'an id in any script is echoed',
    models: ['simple'],
    run: (target) => expectId(target, 'запрос · 要求'),
  },
  'input-order': {
    title: 'inputs may come in any order',
    models: ['simple'],
    run: async (target) => {
      const answer = await infer(target, request('simple', simpleInputs(0).toReversed()));
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT1')), row(-1), 'OUTPUT1');
    },
  },
  'all-outputs': {
    title: 'a request that names no output gets all of them',
    models: ['simple'],
    run: async (target) => {
      const { outputs } = await infer(target, request('simple', simpleInputs(0)));
      expectEqual(outputs.map(({ name }) => name).sort(), ['OUTPUT0', 'OUTPUT1'], 'the outputs');
    },
  },
  'one-output': {
    title: 'a request that names one output gets that one alone',
    models: ['simple'],
    run: async (target) => {
      const outputs = [{ name: 'OUTPUT1' }];
      const answer = await infer(target, request('simple', simpleInputs(5), { outputs }));
      expectEqual(
        answer.outputs.map(({ name }) => name),
        ['OUTPUT1'],
        'the outputs',
      );
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT1')), row(4), 'OUTPUT1');
    },
  },
  'output-order': {
    title: 'outputs come in the order they are asked for, each with its own elements',
    models: ['simple'],
    run: async (target) => {
      const outputs = [{ name: 'OUTPUT1' }, { name: 'OUTPUT0' }];
      const answer = await infer(target, request('simple', simpleInputs(0), { outputs }));
      expectEqual(
        answer.outputs.map(({ name }) => name),
        ['OUTPUT1', 'OUTPUT0'],
        'the outputs',
      );
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(1), 'OUTPUT0');
    },
  },
  rows: {
    title: 'a request of several rows is answered row by row',
    models: ['versioned'],
    run: async (target) => {
      const inputs = [fourWide(1, 2, 3, 4, 5, 6, 7, 8)];
      const answer = await infer(target, request('versioned', inputs, { modelVersion: '2' }));
      expectEqual(outputOf(answer, 'OUTPUT0').shape, [2, 4], 'the shape');
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), [2, 4, 6, 8, 10, 12, 14, 16], 'OUTPUT0');
    },
  },
  'more-rows-than-a-batch': {
    title: 'more rows than max_batch_size are INVALID_ARGUMENT, or every one of them is answered',
    models: ['versioned'],
    run: async (target) => {
      const numbers = Array.from({ length: 80 }, (_, index) => index);
      const call = infer(target, request('versioned', [fourWide(...numbers)], { modelVersion: '1' }));
      const answer = await call.catch(() => undefined);
      if (answer === undefined) await expectStatus(call, 'INVALID_ARGUMENT');
      else expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), numbers, 'OUTPUT0');
    },
  },
  unbatched: {
    title: 'a model without a batch dimension takes the declared shape',
    models: ['slow'],
    run: async (target) => {
      const answer = await infer(target, request('slow', [input('INPUT0', 'FP32', [2], [1, -2])]));
      expectEqual(outputOf(answer, 'OUTPUT0').shape, [2], 'the shape');
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), [1, -2], 'OUTPUT0');
    },
  },
  'unknown-parameter': {
    title: 'a parameter that means nothing to the server does no harm',
    models: ['simple'],
    run: async (target) => {
      const parameters = { 'x-own': { parameterChoice: { case: 'stringParam', value: 'a' } } } as const;
      const answer = await infer(target, request('simple', simpleInputs(0), { parameters }));
      expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(1), 'OUTPUT0');
    },
  },
};

async function expectId(target: Target, id: string): Promise<void> {
  expectEqual((await infer(target, request('simple', simpleInputs(0), { id }))).id, id, 'the id');
}
