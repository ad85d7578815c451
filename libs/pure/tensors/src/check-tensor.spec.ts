import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { InferTensorContentsSchema, ModelInferRequestSchema } from '@plumbline/contract-oip';
import fc from 'fast-check';
import { tensorOf, type SampleTensor } from '../test/arbitraries.ts';
import { checkTensor, rawInputs } from './check-tensor.ts';
import { parseInferRequest } from './infer-request.ts';
import { DATATYPES, type Datatype } from './datatype.ts';

type Contents = MessageInitShape<typeof InferTensorContentsSchema>;

const CONTENTS: Readonly<Partial<Record<Datatype, keyof Contents>>> = {
  BOOL: 'boolContents',
  INT8: 'intContents',
  INT16: 'intContents',
  INT32: 'intContents',
  INT64: 'int64Contents',
  UINT8: 'uintContents',
  UINT16: 'uintContents',
  UINT32: 'uintContents',
  UINT64: 'uint64Contents',
  FP32: 'fp32Contents',
  FP64: 'fp64Contents',
  BYTES: 'bytesContents',
};
const typed = DATATYPES.filter((datatype) => CONTENTS[datatype] !== undefined);

const requestOf = (
  inputs: readonly (SampleTensor & { contents?: Contents })[],
  raw: readonly Uint8Array[] = [],
) =>
  parseInferRequest(
    toBinary(
      ModelInferRequestSchema,
      create(ModelInferRequestSchema, {
        inputs: inputs.map(({ name, datatype, shape, contents }) => ({
          name,
          datatype,
          shape: shape.map(BigInt),
          ...(contents && { contents: create(InferTensorContentsSchema, contents) }),
        })),
        rawInputContents: [...raw],
      }),
    ),
  );
const sample = (over: Partial<SampleTensor>): SampleTensor => ({
  name: 'x',
  datatype: 'FP32',
  shape: [1],
  elements: [],
  raw: Buffer.alloc(4),
  ...over,
});

describe('rawInputs', () => {
  it('turns typed contents into the same raw bytes for every datatype that has them', () => {
    fc.assert(
      fc.property(fc.array(tensorOf(typed), { minLength: 1, maxLength: 3 }), (tensors) => {
        const inputs = tensors.map((tensor) => ({
          ...tensor,
          contents: { [CONTENTS[tensor.datatype] ?? '']: tensor.elements },
        }));
        expect(rawInputs(requestOf(inputs)).map(({ raw }) => Buffer.from(raw))).toEqual(
          tensors.map(({ raw }) => raw),
        );
      }),
    );
  });

  it.each([
    ['too few raw contents', requestOf([sample({}), sample({})], [Buffer.alloc(4)]), 'raw_input_contents'],
    [
      'raw beside typed contents',
      requestOf([{ ...sample({}), contents: { fp32Contents: [1] } }], [Buffer.alloc(4)]),
      'inputs[0].contents',
    ],
    [
      'contents of another datatype',
      requestOf([{ ...sample({}), contents: { intContents: [1] } }]),
      'inputs[0].contents',
    ],
    ['typed FP16', requestOf([{ ...sample({ datatype: 'FP16' }), contents: {} }]), 'inputs[0].contents'],
    [
      'an INT8 beyond its range',
      requestOf([{ ...sample({ datatype: 'INT8' }), contents: { intContents: [128] } }]),
      'inputs[0].contents[0]',
    ],
  ])('refuses %s', (_case, request, field) => {
    expect(() => rawInputs(request)).toThrow(expect.objectContaining({ name: 'TensorError', field }));
  });
});

describe('typed contents', () => {
  const bools = (count: number) => ({
    ...sample({ datatype: 'BOOL' }),
    contents: { boolContents: Array<boolean>(count).fill(true) },
  });
  const texts = (count: number, length: number) => ({
    ...sample({ datatype: 'BYTES' }),
    contents: { bytesContents: Array<Uint8Array>(count).fill(Buffer.alloc(length)) },
  });

  it('are counted over the whole request, in elements and not in bytes', () => {
    expect(rawInputs(requestOf([bools(262_143), texts(1, 2_000_000)]))).toHaveLength(2);
    for (const tooMany of [[bools(262_145)], [bools(262_143), texts(2, 0)]]) {
      expect(() => rawInputs(requestOf(tooMany))).toThrow('send them raw');
    }
  });
});

describe('checkTensor', () => {
  it('accepts every well-formed tensor', () => {
    fc.assert(
      fc.property(tensorOf(), (tensor) => expect(() => checkTensor(tensor, 'inputs[0]')).not.toThrow()),
    );
  });

  it('refuses every tensor with a byte too many', () => {
    fc.assert(
      fc.property(tensorOf(), (tensor) => {
        const raw = Buffer.concat([tensor.raw, Buffer.alloc(1)]);
        expect(() => checkTensor({ ...tensor, raw }, 'inputs[0]')).toThrow(
          expect.objectContaining({ field: 'inputs[0]' }),
        );
      }),
    );
  });

  it.each([
    ['an unknown datatype', { datatype: 'fp32' as never }, 'x.datatype'],
    ['a negative dimension', { shape: [-1] }, 'x.shape'],
    ['a shape beyond 2^53 elements', { shape: [2 ** 30, 2 ** 30] }, 'x.shape'],
    ['fewer BYTES than the shape says', { datatype: 'BYTES' as const, shape: [2] }, 'x'],
  ])('refuses %s', (_case, over, field) => {
    expect(() => checkTensor(sample(over), 'x')).toThrow(expect.objectContaining({ field }));
  });
});
