import { describe, expect, it } from '@jest/globals';
import { create } from '@bufbuild/protobuf';
import { ModelMetadataResponseSchema } from '@plumbline/contract-oip';
import { thrown } from '../../test/thrown.ts';
import { rawInput } from './raw-request.ts';

const metadata = (...inputs: { datatype: string; shape: bigint[] }[]) =>
  create(ModelMetadataResponseSchema, {
    inputs: inputs.map((input, index) => ({ name: `x${index}`, ...input })),
  });

describe('a body that is nothing but elements', () => {
  it.each([
    ['FP32', [3n], 12, [3]],
    ['FP32', [-1n, 3n], 12, [1, 3]],
    ['FP32', [-1n, 3n], 36, [3, 3]],
    ['FP32', [-1n, 3n], 0, [0, 3]],
    ['INT8', [-1n, -1n, 2n], 8, [1, 4, 2]],
    ['INT8', [], 1, []],
  ])('is %s%j with %d bytes: %j', (datatype, shape, bytes, expected) => {
    const body = Buffer.alloc(bytes);
    expect(rawInput(metadata({ datatype, shape }), body)).toEqual({
      name: 'x0',
      datatype,
      shape: expected,
      raw: body,
    });
  });

  it('is one BYTES element', () => {
    const given = metadata({ datatype: 'BYTES', shape: [-1n, 1n] });
    expect(rawInput(given, Buffer.from('héllo'))).toEqual({
      name: 'x0',
      datatype: 'BYTES',
      shape: [1, 1],
      raw: Buffer.from('\u0006\0\0\0héllo'),
    });
  });

  it.each([
    ['no input', [], 4],
    [
      'several inputs',
      [
        { datatype: 'INT8', shape: [1n] },
        { datatype: 'INT8', shape: [1n] },
      ],
      4,
    ],
    ['three open dimensions', [{ datatype: 'INT8', shape: [-1n, -1n, -1n] }], 4],
    ['part of an element', [{ datatype: 'FP32', shape: [-1n] }], 5],
    ['part of a row', [{ datatype: 'FP32', shape: [-1n, 3n] }], 16],
    ['too much', [{ datatype: 'FP32', shape: [3n] }], 16],
    ['an empty dimension', [{ datatype: 'FP32', shape: [-1n, 0n] }], 0],
    ['several BYTES elements', [{ datatype: 'BYTES', shape: [2n] }], 4],
    ['an unknown datatype', [{ datatype: 'INT4', shape: [2n] }], 1],
  ])('is refused for a model with %s', async (_what, inputs, bytes) => {
    expect(await thrown(() => rawInput(metadata(...inputs), Buffer.alloc(bytes)))).toMatchObject({
      reason: 'RAW_REQUEST_UNSUPPORTED',
    });
  });
});
