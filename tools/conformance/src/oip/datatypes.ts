import { IDENTITY_DATATYPES, identityName } from '../models/suite-models.ts';
import type { Check, Checks } from '../suite/check.ts';
import { expectEqual, expectStatus } from '../suite/expect.ts';
import { infer, input, outputOf, request, type InferRequest } from '../target/infer.ts';
import type { Target } from '../target/target.ts';
import { CONTENTS_FIELD, FOUR_ELEMENTS, texts } from '../target/values.ts';

type IdentityDatatype = (typeof IDENTITY_DATATYPES)[number];
type TypedDatatype = keyof typeof CONTENTS_FIELD;

const isTyped = (datatype: IdentityDatatype): datatype is TypedDatatype => datatype in CONTENTS_FIELD;

/** A [2, 2] tensor of the datatype's bounds. */
const bounds = (datatype: IdentityDatatype) => input('INPUT0', datatype, [2, 2], FOUR_ELEMENTS[datatype]);

const rawCheck = (datatype: IdentityDatatype): Check => ({
  title: `${datatype} travels raw, its bounds bit for bit`,
  models: [identityName(datatype)],
  run: (target) => expectEchoed(target, datatype, request(identityName(datatype), [bounds(datatype)])),
});

const typedCheck = (datatype: TypedDatatype): Check => ({
  title: `${datatype} travels as ${CONTENTS_FIELD[datatype].replace('Contents', '_contents')}`,
  models: [identityName(datatype)],
  run: (target) => expectEchoed(target, datatype, typedRequest(datatype)),
});

const eachDatatype: Checks = Object.fromEntries(
  IDENTITY_DATATYPES.flatMap((datatype) => {
    const name = datatype.toLowerCase();
    const raw = [`${name}-raw`, rawCheck(datatype)] as const;
    return isTyped(datatype) ? [raw, [`${name}-typed`, typedCheck(datatype)] as const] : [raw];
  }),
);

async function expectEchoed(target: Target, datatype: IdentityDatatype, init: InferRequest): Promise<void> {
  const output = outputOf(await infer(target, init), 'OUTPUT0');
  expectEqual(output.datatype, datatype, 'the datatype');
  expectEqual(output.shape, [2, 2], 'the shape');
  expectEqual(Buffer.from(output.raw).toString('hex'), rawHex(datatype), 'the output');
}

const rawHex = (datatype: IdentityDatatype) => Buffer.from(bounds(datatype).raw).toString('hex');

function typedRequest(datatype: TypedDatatype): InferRequest {
  const contents = { [CONTENTS_FIELD[datatype]]: [...FOUR_ELEMENTS[datatype]] };
  const tensor = { name: 'INPUT0', datatype, shape: [2n, 2n], contents };
  return { modelName: identityName(datatype), inputs: [tensor] };
}

const bytesChecks: Checks = {
  'bytes-empty': {
    title: 'BYTES elements that are all empty come back empty',
    models: ['identity_bytes'],
    run: async (target) => {
      const empty = input('INPUT0', 'BYTES', [1, 3], texts(['', '', '']));
      const output = outputOf(await infer(target, request('identity_bytes', [empty])), 'OUTPUT0');
      expectEqual(Buffer.from(output.raw).toString('hex'), '00'.repeat(12), 'the output');
    },
  },
  'bytes-long': {
    title: 'a BYTES element of a mebibyte comes back whole',
    models: ['identity_bytes'],
    run: async (target) => {
      const long = input('INPUT0', 'BYTES', [1, 1], texts(['plumb'.repeat(209_715)]));
      const output = outputOf(await infer(target, request('identity_bytes', [long])), 'OUTPUT0');
      expectEqual(Buffer.compare(output.raw, long.raw), 0, 'the difference of the output');
    },
  },
  'bytes-not-utf8': {
    title: 'a BYTES element that is no UTF-8 comes back as it was or is INVALID_ARGUMENT, never changed',
    models: ['identity_bytes'],
    run: (target) => expectKept(target, Uint8Array.of(0xff, 0xfe, 0x80)),
  },
  'bytes-zero': {
    title: 'a BYTES element with zero bytes comes back as it was or is INVALID_ARGUMENT, never cut off',
    models: ['identity_bytes'],
    run: async (target) => {
      for (const bytes of [[97, 0, 98], [0], [97, 0]]) await expectKept(target, Uint8Array.from(bytes));
    },
  },
};

async function expectKept(target: Target, element: Uint8Array): Promise<void> {
  const bytes = input('INPUT0', 'BYTES', [1, 1], [element]);
  const call = infer(target, request('identity_bytes', [bytes]));
  const answer = await call.catch(() => undefined);
  if (answer === undefined) await expectStatus(call, 'INVALID_ARGUMENT');
  else expectEqual(Buffer.compare(outputOf(answer, 'OUTPUT0').raw, bytes.raw), 0, 'the difference');
}

const refusals: Checks = {
  'fp16-not-typed': {
    title: 'FP16 in typed contents is INVALID_ARGUMENT: it only travels raw',
    models: ['identity_fp16'],
    run: async (target) => {
      const contents = { fp32Contents: [1, 2, 3, 4] };
      const tensor = { name: 'INPUT0', datatype: 'FP16', shape: [2n, 2n], contents };
      await expectStatus(infer(target, { modelName: 'identity_fp16', inputs: [tensor] }), 'INVALID_ARGUMENT');
    },
  },
  'integer-out-of-range': {
    title: 'typed INT8 contents beyond its bounds are INVALID_ARGUMENT, never cut off',
    models: ['identity_int8'],
    run: async (target) => {
      const tensor = { name: 'INPUT0', datatype: 'INT8', shape: [1n, 1n], contents: { intContents: [300] } };
      await expectStatus(infer(target, { modelName: 'identity_int8', inputs: [tensor] }), 'INVALID_ARGUMENT');
    },
  },
};

export const datatypeChecks: Checks = { ...eachDatatype, ...bytesChecks, ...refusals };
