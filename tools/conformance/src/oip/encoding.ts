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

const bytesOf = (init: InferRequest): Uint8Array =>
  toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, init));

/** Sends a serialised request for `simple` with INPUT0 = 0, 1, … and checks the sum. */
async function expectSum(target: Target, message: Uint8Array): Promise<void> {
  const answer = readAnswer(await callBytes(target, 'ModelInfer', message));
  expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(1), 'OUTPUT0');
}

/** A length-delimited field. */
function field(number: number, payload: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(payload.length), payload]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));

/** INPUT0 or INPUT1 of `simple` with every element of int_contents as a field of its own. */
function unpacked(name: string, elements: readonly number[]): Buffer {
  const contents = Buffer.concat(elements.flatMap((element) => [varint((2 << 3) | 0), varint(element)]));
  const shape = Buffer.concat([1, 16].flatMap((size) => [varint((3 << 3) | 0), varint(size)]));
  return field(5, Buffer.concat([text(1, name), text(2, 'INT32'), shape, field(5, contents)]));
}

const MUTATIONS = 300;

/** The message with a few bytes changed, cut out or doubled, the same for the same seed. */
function mutated(message: Uint8Array, seed: number): Buffer {
  const next = pseudoRandom(seed);
  const bytes = [...message];
  for (let change = 0; change < 1 + (seed % 4); change++) {
    const at = next() % bytes.length;
    if (seed % 3 === 0) bytes.splice(at, next() % 8);
    else if (seed % 3 === 1) bytes[at] = next() % 256;
    else bytes.splice(at, 0, ...bytes.slice(at, at + (next() % 32)));
  }
  return Buffer.from(bytes);
}

function pseudoRandom(seed: number): () => number {
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
}

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
    title: 'a request of ten thousand inputs is refused by a status, in less than a second',
    models: ['simple'],
    run: async (target) => {
      const [first] = simpleInputs(0);
      const inputs = Array.from({ length: 10_000 }, (_, index) => ({ ...first!, name: `INPUT${index}` }));
      const startedMs = performance.now();
      await expectStatus(infer(target, request('simple', inputs)), 'INVALID_ARGUMENT', 'RESOURCE_EXHAUSTED');
      expect(performance.now() - startedMs < 1_000, 'it took longer');
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
