import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import { buildInferRequest, encodeElements, parseInferRequest, type RawTensor } from '@plumbline/tensors';
import { admitRequest } from './admit-request.ts';
import type { ModelSignature } from '../signature.ts';

const SIGNATURE: ModelSignature = {
  inputs: [
    { name: 'x', datatype: 'FP32', shape: [-1, 2] },
    { name: 'k', datatype: 'INT64', shape: [-1, -1] },
  ],
  outputs: [
    { name: 'y', datatype: 'FP32', shape: [-1, 1] },
    { name: 'z', datatype: 'FP32', shape: [-1, 1] },
  ],
};
const X: RawTensor = {
  name: 'x',
  datatype: 'FP32',
  shape: [2, 2],
  raw: encodeElements('FP32', [1, 2, 3, 4]),
};
const K: RawTensor = { name: 'k', datatype: 'INT64', shape: [2, 1], raw: encodeElements('INT64', [5n, 6n]) };

const admit = (inputs: readonly RawTensor[], outputs: readonly string[] = []) =>
  admitRequest(parseInferRequest(buildInferRequest({ modelName: 'm', inputs, outputs })), SIGNATURE, true);

describe('admitRequest', () => {
  it('takes rows, raw inputs in signature order and all outputs', () => {
    expect(admit([X, K])).toMatchObject({
      rows: 2,
      shapes: [
        [2, 2],
        [2, 1],
      ],
      outputs: [0, 1],
      bucket: '[1];',
    });
    expect(admit([K, X]).inputs.map((raw) => Buffer.from(raw))).toEqual([X.raw, K.raw]);
  });

  it('puts open dimensions, and only those, into the bucket', () => {
    const wide = { ...K, shape: [2, 2], raw: encodeElements('INT64', [1n, 2n, 3n, 4n]) };
    expect(admit([X, wide]).bucket).toBe('[2];');
  });

  it('takes the wanted outputs in the order asked for', () => {
    expect(admit([X, K], ['z', 'y']).outputs).toEqual([1, 0]);
  });

  const cases: [string, readonly RawTensor[], readonly string[], string, string][] = [
    ['a missing input', [X], [], 'INPUT_NAME_INVALID', 'inputs'],
    ['an unknown input', [X, K, { ...K, name: 'q' }], [], 'INPUT_NAME_INVALID', 'inputs[2].name'],
    ['an input given twice', [X, K, K], [], 'INPUT_NAME_INVALID', 'inputs[2].name'],
    ['another datatype', [{ ...X, datatype: 'FP64' }, K], [], 'DATATYPE_MISMATCH', 'inputs[0].datatype'],
    ['another rank', [{ ...X, shape: [4] }, K], [], 'SHAPE_MISMATCH', 'inputs[0].shape'],
    ['another width', [{ ...X, shape: [2, 3] }, K], [], 'SHAPE_MISMATCH', 'inputs[0].shape'],
    [
      'too few bytes',
      [{ ...X, raw: X.raw.subarray(4) }, K],
      [],
      'BYTE_LENGTH_MISMATCH',
      'raw_input_contents[0]',
    ],
    ['inputs of different rows', [X, { ...K, shape: [1, 2] }], [], 'SHAPE_MISMATCH', 'inputs[1].shape'],
    [
      'no rows',
      [
        { ...X, shape: [0, 2], raw: Buffer.alloc(0) },
        { ...K, shape: [0, 1], raw: Buffer.alloc(0) },
      ],
      [],
      'SHAPE_MISMATCH',
      'inputs[0].shape',
    ],
    ['an unknown output', [X, K], ['q'], 'OUTPUT_NAME_INVALID', 'outputs[0].name'],
    ['an output asked for twice', [X, K], ['y', 'y'], 'OUTPUT_NAME_INVALID', 'outputs[1].name'],
  ];
  it.each(cases)('refuses %s', (_case, inputs, outputs, reason, field) => {
    expect(() => admit(inputs, outputs)).toThrow(
      expect.objectContaining({ reason, fieldViolations: [expect.objectContaining({ field })] }),
    );
  });

  describe('of a model that takes texts', () => {
    const texts: ModelSignature = {
      inputs: [{ name: 't', datatype: 'BYTES', shape: [-1, 2] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 1] }],
    };
    const t = (raw: Uint8Array): RawTensor => ({ name: 't', datatype: 'BYTES', shape: [1, 2], raw });
    const words = encodeElements('BYTES', [Buffer.from('été'), Buffer.alloc(0)]);
    const admitTexts = (request: Buffer) => admitRequest(parseInferRequest(request), texts, true);
    const raw = (bytes: Uint8Array) => buildInferRequest({ modelName: 'm', inputs: [t(bytes)] });
    const typed = (...elements: Uint8Array[]) => {
      const contents = { bytesContents: elements };
      const inputs = [{ name: 't', datatype: 'BYTES', shape: [1n, 2n], contents }];
      return Buffer.from(toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, { inputs })));
    };

    it('takes them raw and typed, as the same bytes', () => {
      expect(admitTexts(raw(words)).inputs).toEqual([words]);
      expect(admitTexts(typed(Buffer.from('été'), Buffer.alloc(0))).inputs).toEqual([words]);
    });

    it.each([
      ['too few raw', raw(words.subarray(0, 9)), 'BYTE_LENGTH_MISMATCH', 'raw_input_contents[0]'],
      ['too few typed', typed(Buffer.from('a')), 'BYTE_LENGTH_MISMATCH', 'inputs[0].contents'],
      ['cut off', raw(words.subarray(0, -1)), 'BYTES_INVALID', 'raw_input_contents[0]'],
      ['not UTF-8', typed(Buffer.from('a'), Buffer.from([0xff])), 'BYTES_INVALID', 'inputs[0].contents[1]'],
    ])('refuses elements that are %s', (_case, request, reason, field) => {
      expect(() => admitTexts(request)).toThrow(
        expect.objectContaining({ reason, fieldViolations: [expect.objectContaining({ field })] }),
      );
    });
  });

  it('refuses an input that lies in shared memory, whatever else it lacks', () => {
    const region = { parameterChoice: { case: 'stringParam' as const, value: 'region' } };
    const inputs = [
      { name: 'x', datatype: 'FP32', shape: [2n, 2n], parameters: { shared_memory_region: region } },
    ];
    const bytes = toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, { inputs }));
    expect(() => admitRequest(parseInferRequest(bytes), SIGNATURE, true)).toThrow(
      expect.objectContaining({
        codeName: 'UNIMPLEMENTED',
        reason: 'SHARED_MEMORY_UNSUPPORTED',
        fieldViolations: [expect.objectContaining({ field: 'inputs[0].parameters[shared_memory_region]' })],
      }),
    );
  });

  it('counts one row and keeps whole shapes apart for a model without rows', () => {
    const signature: ModelSignature = {
      inputs: [{ name: 'x', datatype: 'FP32', shape: [2, 2] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [] }],
    };
    const request = parseInferRequest(buildInferRequest({ modelName: 'm', inputs: [X] }));
    expect(admitRequest(request, signature, false)).toMatchObject({ rows: 1, shapes: [[2, 2]], bucket: '' });
  });
});
