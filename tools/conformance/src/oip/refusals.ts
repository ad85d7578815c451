import type { Check, Checks } from '../suite/check.ts';
import { expect, expectEqual, expectStatus } from '../suite/expect.ts';
import {
  callBytes,
  elementsOf,
  infer,
  outputOf,
  request,
  type Input,
  type InferRequest,
} from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { fourWide, row, simpleInputs } from '../target/values.ts';

const [first, second] = simpleInputs(0) as readonly [Input, Input];

/** `simple` with INPUT0 changed. */
const withFirst = (change: Partial<Input>): InferRequest =>
  request('simple', [{ ...first, ...change }, second]);

/** Requests that do not fit `simple`, by what is wrong with them. */
const MISFITS: Readonly<Record<string, readonly [title: string, InferRequest]>> = {
  'missing-input': ['a request that lacks an input', request('simple', [first])],
  'unknown-input': ['an input that the model does not have', withFirst({ name: 'INPUT9' })],
  'extra-input': ['an input too many', request('simple', [first, second, { ...first, name: 'INPUT9' }])],
  'duplicate-input': ['an input given twice', request('simple', [first, first])],
  'no-inputs': ['no inputs at all', request('simple', [])],
  datatype: ['another datatype than declared', withFirst({ datatype: 'UINT32' })],
  'unknown-datatype': ['a datatype that does not exist', withFirst({ datatype: 'INT33' })],
  'no-datatype': ['no datatype', withFirst({ datatype: '' })],
  'lower-case-datatype': ['a datatype in lower case', withFirst({ datatype: 'int32' })],
  rank: ['a shape of another rank', withFirst({ shape: [16] })],
  width: ['a row that is too wide', withFirst({ shape: [1, 17], raw: Buffer.alloc(68) })],
  'too-few-bytes': ['fewer bytes than the shape takes', withFirst({ raw: first.raw.subarray(4) })],
  'too-many-bytes': ['more bytes than the shape takes', withFirst({ raw: Buffer.alloc(68) })],
  'no-bytes': ['no bytes for an input with elements', withFirst({ raw: Buffer.alloc(0) })],
  'negative-dimension': ['a negative dimension', withFirst({ shape: [-1, 16] })],
  'two-negative-dimensions': ['negative dimensions whose product fits', withFirst({ shape: [-1, -16] })],
  'overflowing-shape': [
    'a shape whose product overflows 64 bits to a size that fits',
    withFirst({ shape: [2 ** 32 + 1, 2 ** 36] }),
  ],
  'huge-shape': ['a shape of 2^62 elements', withFirst({ shape: [2 ** 31, 2 ** 31] })],
  'empty-batch': [
    'a request of no rows',
    request(
      'simple',
      [first, second].map((tensor) => ({ ...tensor, shape: [0, 16], raw: Buffer.alloc(0) })),
    ),
  ],
  'uneven-rows': [
    'inputs that disagree on the number of rows',
    request('simple', [first, { ...second, shape: [2, 16], raw: Buffer.alloc(128) }]),
  ],
  'unknown-output': [
    'an unknown output',
    request('simple', [first, second], { outputs: [{ name: 'OUTPUT9' }] }),
  ],
  'raw-and-typed': [
    'raw contents beside typed ones',
    {
      modelName: 'simple',
      inputs: [
        { name: 'INPUT0', datatype: 'INT32', shape: [1n, 16n], contents: { intContents: row(0) } },
        { name: 'INPUT1', datatype: 'INT32', shape: [1n, 16n] },
      ],
      rawInputContents: [first.raw, second.raw],
    },
  ],
  'raw-for-some': [
    'raw contents for fewer tensors than there are',
    { ...request('simple', [first, second]), rawInputContents: [first.raw] },
  ],
  'wrong-contents-field': [
    'typed contents in the field of another datatype',
    {
      modelName: 'simple',
      inputs: ['INPUT0', 'INPUT1'].map((name) => ({
        name,
        datatype: 'INT32',
        shape: [1n, 16n],
        contents: { fp32Contents: row(0) },
      })),
    },
  ],
  'bytes-cut-off': [
    'a BYTES tensor whose last element is cut off',
    request('identity_bytes', [rawBytes(Buffer.from([9, 0, 0, 0, 97]))]),
  ],
  'bytes-count': [
    'a BYTES tensor with fewer elements than its shape',
    request('identity_bytes', [{ ...rawBytes(Buffer.from([1, 0, 0, 0, 97])), shape: [1, 2] }]),
  ],
  'bytes-length-overflow': [
    'a BYTES element that claims four gibibytes',
    request('identity_bytes', [rawBytes(Buffer.from([255, 255, 255, 255, 97]))]),
  ],
};

function rawBytes(raw: Buffer): Input {
  return { name: 'INPUT0', datatype: 'BYTES', shape: [1, 1], raw };
}

const misfitCheck = (title: string, init: InferRequest): Check => ({
  title: `${title}: INVALID_ARGUMENT, and the server goes on`,
  models: [init.modelName ?? ''],
  run: async (target) => {
    await expectStatus(infer(target, init), 'INVALID_ARGUMENT');
    await expectServing(target);
  },
});

const misfitChecks: Checks = Object.fromEntries(
  Object.entries(MISFITS).map(([what, [title, init]]) => [what, misfitCheck(title, init)]),
);

async function expectServing(target: Target): Promise<void> {
  if (!target.readyModels.has('simple')) return;
  const answer = await infer(target, request('simple', simpleInputs(3)), { timeoutMs: 10_000 });
  expectEqual(elementsOf(outputOf(answer, 'OUTPUT0')), row(4), 'OUTPUT0 of the request after it');
}

export const refusalChecks: Checks = {
  ...misfitChecks,
  'no-protobuf': {
    title: 'bytes that are no protobuf message are refused, and the server goes on',
    run: async (target) => {
      const codes = ['INVALID_ARGUMENT', 'INTERNAL'] as const;
      await expectStatus(callBytes(target, 'ModelInfer', Buffer.from('ff'.repeat(20), 'hex')), ...codes);
      await expectServing(target);
    },
  },
  'empty-message': {
    title: 'an empty message is refused: it names no model',
    run: async (target) => {
      await expectStatus(callBytes(target, 'ModelInfer', Buffer.alloc(0)), 'INVALID_ARGUMENT', 'NOT_FOUND');
    },
  },
  message: {
    title: 'a refusal names the input that is at fault',
    models: ['simple'],
    run: async (target) => {
      const error = await expectStatus(infer(target, withFirst({ datatype: 'UINT32' })), 'INVALID_ARGUMENT');
      expect(error.message.includes('INPUT0'), `the message does not name INPUT0: ${error.message}`);
    },
  },
  nan: {
    title: 'NaN and infinities are values like others',
    models: ['versioned'],
    run: async (target) => {
      const init = request('versioned', [fourWide(NaN, Infinity, -Infinity, -0)], { modelVersion: '1' });
      const elements = elementsOf(outputOf(await infer(target, init), 'OUTPUT0'));
      expectEqual(elements, [NaN, Infinity, -Infinity, -0], 'OUTPUT0');
    },
  },
};
