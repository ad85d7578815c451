import { create, toBinary } from '@bufbuild/protobuf';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { ServiceError } from '@plumbline/errors';
import type { Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import {
  callBytes,
  elementsOf,
  infer,
  input,
  outputOf,
  readAnswer,
  request,
  type InferRequest,
} from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { row, simpleInputs } from '../target/values.ts';
import { mutated, text, unpacked } from './wire-bytes.ts';

const bytesOf = (init: InferRequest): Uint8Array =>
  toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, init));

/** Sends a serialised request for `simple` with INPUT0 = 0, 1, … and checks the sum. */
async function expectSum(target: Target, message: Uint8Array): Promise<void> {
  const answer = readAnswer(await callBytes(target, 'ModelInfer', message));
  expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(1), 'OUTPUT0');
}

const MUTATIONS = 300;

/** Statuses of a message that does not parse or does not fit; INTERNAL is what gRPC libraries give the former. */
const REFUSALS = ['INVALID_ARGUMENT', 'NOT_FOUND', 'RESOURCE_EXHAUSTED', 'INTERNAL'];

async function expectSettled(target: Target, message: Uint8Array, seed: number): Promise<void> {
  try {
    await callBytes(target, 'ModelInfer', message);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const refused = REFUSALS.includes(error.codeName) && !(target.own && error.codeName === 'INTERNAL');
    expect(refused, `mutation ${seed} ended with ${error.codeName}: ${error.message}`);
  }
}

export const encodingChecks: Checks = {
  'unknown-field': {
    title: 'fields that the server does not know are passed over, as protobuf prescribes',
    models: ['simple'],
    run: async (target) => {
      const message = bytesOf(request('simple', simpleInputs(0)));
      await expectSum(target, Buffer.concat([text(1_000, 'from a later version'), message]));
    },
  },
  'repeated-scalar': {
    title: 'of a scalar that occurs twice the last counts, as protobuf prescribes',
    models: ['simple'],
    run: async (target) => {
      const message = bytesOf(request('simple', simpleInputs(0)));
      await expectSum(target, Buffer.concat([text(1, 'no-such-model'), message]));
    },
  },
  'field-order': {
    title: 'fields may come in any order',
    models: ['simple'],
    run: async (target) => {
      const { modelName: _, ...rest } = request('simple', simpleInputs(0)) as { modelName: string };
      await expectSum(target, Buffer.concat([bytesOf(rest), text(1, 'simple')]));
    },
  },
  unpacked: {
    title: 'typed contents and shapes may be unpacked, as protobuf prescribes',
    models: ['simple'],
    run: async (target) => {
      const ones = new Array<number>(16).fill(1);
      await expectSum(
        target,
        Buffer.concat([text(1, 'simple'), unpacked('INPUT0', row(0)), unpacked('INPUT1', ones)]),
      );
    },
  },
  alignment: {
    title: 'raw contents are read at whatever offset of the message they lie',
    models: ['simple'],
    run: async (target) => {
      for (let length = 0; length < 8; length++) {
        await expectSum(target, bytesOf(request('simple', simpleInputs(0), { id: 'x'.repeat(length) })));
      }
    },
  },
  'no-elements': {
    title: 'a tensor with a dimension of size zero is answered without elements, or INVALID_ARGUMENT',
    models: ['identity_fp32'],
    run: async (target) => {
      const call = infer(target, request('identity_fp32', [input('INPUT0', 'FP32', [1, 0], [])]));
      const answer = await call.catch(() => undefined);
      if (answer === undefined) await expectStatus(call, 'INVALID_ARGUMENT');
      else expectEqual(outputOf(answer, 'OUTPUT0').shape, [1, 0], 'the shape');
    },
  },
  'large-message': {
    title: 'a message of 24 MiB is answered or refused by a status, and the connection lives on',
    models: ['identity_uint8', 'simple'],
    run: async (target) => {
      const raw = Buffer.alloc(24 * 2 ** 20, 7);
      const tensor = { name: 'INPUT0', datatype: 'UINT8', shape: [1, raw.length], raw };
      const call = infer(target, request('identity_uint8', [tensor]));
      const answer = await call.catch(() => undefined);
      if (answer === undefined)
        await expectStatus(call, 'RESOURCE_EXHAUSTED', 'INVALID_ARGUMENT', 'FAILED_PRECONDITION');
      else expectEqual(outputOf(answer, 'OUTPUT0').raw.length, raw.length, 'the length of OUTPUT0');
      await expectSum(target, bytesOf(request('simple', simpleInputs(0))));
    },
  },
  'many-inputs': {
    title: 'a request of ten thousand inputs is refused by a status, in less than three seconds',
    models: ['simple'],
    run: async (target) => {
      const [first] = simpleInputs(0);
      const inputs = Array.from({ length: 10_000 }, (_, index) => ({ ...first!, name: `INPUT${index}` }));
      const startedMs = performance.now();
      await expectStatus(infer(target, request('simple', inputs)), 'INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED');
      expect(performance.now() - startedMs < 3_000, 'it took longer');
      await expectSum(target, bytesOf(request('simple', simpleInputs(0))));
    },
  },
  mutations: {
    title: `of ${MUTATIONS} messages with changed bytes each is answered or refused, and none is lost`,
    models: ['simple'],
    run: async (target) => {
      const message = bytesOf(
        request('simple', simpleInputs(0), { id: 'mutated', outputs: [{ name: 'OUTPUT0' }] }),
      );
      for (let seed = 1; seed <= MUTATIONS; seed++) await expectSettled(target, mutated(message, seed), seed);
      await expectSum(target, bytesOf(request('simple', simpleInputs(0))));
    },
  },
  'long-names': {
    title: 'names of a mebibyte are refused by a status, and not repeated in full',
    run: async (target) => {
      const name = 'n'.repeat(2 ** 20);
      const error = await expectStatus(
        infer(target, request(name, simpleInputs(0))),
        'NOT_FOUND',
        'INVALID_ARGUMENT',
        'RESOURCE_EXHAUSTED',
      );
      expect(error.message.length < 10_000, `the message has ${error.message.length} characters`);
    },
  },
};
