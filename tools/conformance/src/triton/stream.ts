import { toBinary } from '@bufbuild/protobuf';
import { ModelInferResponseSchema, type ModelStreamInferResponse } from '@plumbline/contract-oip';
import type { CallOptions } from '@plumbline/rpc';
import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import { elementsOf, outputOf, readAnswer, request, type InferRequest } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { fourWide, row, simpleInputs } from '../target/values.ts';

/** Sends the requests over one stream, half-closes, and collects the answers until the server ends it. */
async function exchange(
  { client }: Target,
  requests: readonly InferRequest[],
  options: CallOptions = {},
): Promise<ModelStreamInferResponse[]> {
  async function* sent() {
    yield* requests;
  }
  return Array.fromAsync(client.modelStreamInfer(sent(), { timeoutMs: 30_000, ...options }));
}

function answerOf({ inferResponse, errorMessage }: ModelStreamInferResponse) {
  expect(inferResponse !== undefined, `there is no infer_response: ${errorMessage}`);
  expectEqual(errorMessage, '', 'error_message');
  return readAnswer(toBinary(ModelInferResponseSchema, inferResponse));
}

const simple = (index: number): InferRequest => request('simple', simpleInputs(index), { id: `s${index}` });
const wrong = (id: string): InferRequest => request('simple', [simpleInputs(0)[0]!], { id });
const IN_BAND = { optional: true, models: ['simple'] } as const;

export const streamChecks: Checks = {
  'own-rows': {
    title: 'of 200 requests on one stream each is answered once, with its own id and rows',
    ...IN_BAND,
    run: async (target) => {
      const answers = await exchange(
        target,
        Array.from({ length: 200 }, (_, index) => simple(index)),
      );
      expectEqual(answers.length, 200, 'the number of answers');
      const byId = new Map(answers.map(answerOf).map((answer) => [answer.id, answer]));
      for (let index = 0; index < 200; index++) {
        const answer = byId.get(`s${index}`);
        expect(answer !== undefined, `s${index} has no answer`);
        expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(index + 1), `OUTPUT0 of s${index}`);
      }
    },
  },
  models: {
    title: 'one stream carries requests for several models',
    optional: true,
    models: ['simple', 'versioned'],
    run: async (target) => {
      const other = request('versioned', [fourWide(1, 2, 3, 4)], { id: 'other', modelVersion: '2' });
      const answers = (await exchange(target, [simple(0), other])).map(answerOf);
      const found = answers.find(({ id }) => id === 'other');
      expect(found !== undefined && answers.length === 2, `there are ${answers.length} answers`);
      expectEqual(elementsOf(outputOf(found, 'OUTPUT0')), [2, 4, 6, 8], 'OUTPUT0');
    },
  },
  'error-in-band': {
    title: 'a request that fails is answered by error_message with its id, and the stream goes on',
    ...IN_BAND,
    run: async (target) => {
      const answers = await exchange(target, [simple(1), wrong('bad'), simple(2)]);
      expectEqual(answers.length, 3, 'the number of answers');
      const failed = answers.filter(({ errorMessage }) => errorMessage !== '');
      expectEqual(
        failed.map(({ inferResponse }) => inferResponse?.id),
        ['bad'],
        'the ids of failures',
      );
      const others = answers.filter(({ errorMessage }) => errorMessage === '').map(answerOf);
      expectEqual(others.map(({ id }) => id).sort(), ['s1', 's2'], 'the ids of answers');
    },
  },
  'unknown-model': {
    title: 'a request for an unknown model is answered in band',
    ...IN_BAND,
    run: async (target) => {
      const unknown = request('no-such-model', simpleInputs(0), { id: 'lost' });
      const answers = await exchange(target, [unknown, simple(7)]);
      const messages = answers.map(({ errorMessage }) => errorMessage);
      expectEqual(messages.filter((message) => message !== '').length, 1, 'the number of failures');
      expectEqual(answers.length, 2, 'the number of answers');
    },
  },
  'grpc-error': {
    title: 'with the metadata triton_grpc_error a failure ends the stream with its status',
    ...IN_BAND,
    run: async (target) => {
      const metadata = { triton_grpc_error: 'true' };
      await expectStatus(exchange(target, [simple(1), wrong('bad')], { metadata }), 'INVALID_ARGUMENT');
    },
  },
  empty: {
    title: 'a stream without requests ends without answers',
    ...IN_BAND,
    run: async (target) => expectEqual(await exchange(target, []), [], 'the answers'),
  },
  'answers-early': {
    title: 'an answer comes while the stream is open, not when it is closed',
    ...IN_BAND,
    run: async ({ client }) => {
      const answered = Promise.withResolvers<void>();
      async function* sent() {
        yield simple(1);
        await answered.promise;
        yield simple(2);
      }
      const ids: string[] = [];
      for await (const response of client.modelStreamInfer(sent(), { timeoutMs: 10_000 })) {
        ids.push(answerOf(response).id);
        answered.resolve();
      }
      expectEqual(ids, ['s1', 's2'], 'the ids');
    },
  },
};
