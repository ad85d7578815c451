import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import fc from 'fast-check';
import { names, tensorOf } from '../test/arbitraries.ts';
import { readParameters } from './infer-parameter.ts';
import {
  buildInferRequest,
  inferRequestTemplate,
  parseInferRequest,
  scanInferRequest,
} from './infer-request.ts';
import { TensorError } from './tensor-error.ts';

const parameterChoice = fc.oneof(
  fc.record({ case: fc.constant('boolParam' as const), value: fc.boolean() }),
  fc.record({
    case: fc.constant('int64Param' as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({ case: fc.constant('stringParam' as const), value: names }),
  fc.record({ case: fc.constant('doubleParam' as const), value: fc.double() }),
  fc.record({
    case: fc.constant('uint64Param' as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
);
const parameters = fc.dictionary(names, fc.record({ parameterChoice }), { maxKeys: 3 });
const heads = fc.record({ modelName: names, modelVersion: names, id: names, parameters });

describe('ModelInferRequest bytes', () => {
  it('are parsed as protobuf-es parses them', () => {
    fc.assert(
      fc.property(
        heads,
        fc.array(tensorOf(), { maxLength: 4 }),
        fc.array(names),
        (head, tensors, outputs) => {
          const message = create(ModelInferRequestSchema, {
            ...head,
            inputs: tensors.map(({ name, datatype, shape }) => ({
              name,
              datatype,
              shape: shape.map(BigInt),
            })),
            outputs: outputs.map((name) => ({ name })),
            rawInputContents: tensors.map(({ raw }) => raw),
          });
          const bytes = toBinary(ModelInferRequestSchema, message);
          const view = parseInferRequest(bytes);
          expect(view).toMatchObject({
            modelName: head.modelName,
            modelVersion: head.modelVersion,
            id: head.id,
            inputs: tensors.map(({ name, datatype, shape }) => ({
              name,
              datatype,
              shape,
              contents: undefined,
            })),
            outputs: outputs.map((name) => ({ name })),
          });
          expect(view.raw.map((raw) => Buffer.from(raw))).toEqual(tensors.map(({ raw }) => raw));
          expect(scanInferRequest(bytes)).toEqual({
            modelName: head.modelName,
            modelVersion: head.modelVersion,
            id: head.id,
            parameters: view.parameters,
          });
          expect(Object.fromEntries(readParameters(view.parameters))).toEqual(
            Object.fromEntries(
              Object.entries(head.parameters).map(([key, value]) => [key, value.parameterChoice.value]),
            ),
          );
        },
      ),
    );
  });

  it('are built as protobuf-es reads them', () => {
    fc.assert(
      fc.property(
        heads,
        fc.array(tensorOf(), { maxLength: 4 }),
        fc.array(names),
        (head, tensors, outputs) => {
          const bytes = buildInferRequest({ ...head, inputs: tensors, outputs });
          const message = fromBinary(ModelInferRequestSchema, bytes);
          expect(message).toMatchObject({
            modelName: head.modelName,
            modelVersion: head.modelVersion,
            id: head.id,
          });
          expect(message.inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape }))).toEqual(
            tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) })),
          );
          expect(message.outputs.map(({ name }) => name)).toEqual(outputs);
          expect(message.rawInputContents.map((raw) => Buffer.from(raw))).toEqual(
            tensors.map(({ raw }) => raw),
          );
        },
      ),
    );
  });

  it('hold views of the message, not copies', () => {
    const raw = Buffer.from([1, 2, 3, 4]);
    const bytes = buildInferRequest({
      modelName: 'm',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [1], raw }],
    });
    expect(parseInferRequest(bytes).raw[0]?.buffer).toBe(bytes.buffer);
  });

  it('from one template differ only in elements and id', () => {
    const build = inferRequestTemplate(
      { modelName: 'm' },
      [{ name: 'x', datatype: 'UINT8', shape: [2] }],
      ['y'],
    );
    const first = parseInferRequest(build([Buffer.from([1, 2])], 'a'));
    const second = parseInferRequest(build([Buffer.from([3, 4])]));
    expect(first).toMatchObject({ modelName: 'm', id: 'a', outputs: [{ name: 'y' }] });
    expect(second).toMatchObject({ modelName: 'm', id: '', inputs: first.inputs });
    expect([...(second.raw[0] ?? [])]).toEqual([3, 4]);
  });

  it('take the last of a repeated scalar field', () => {
    const twice = Buffer.concat([
      buildInferRequest({ modelName: 'first', inputs: [] }),
      buildInferRequest({ modelName: 'last', inputs: [] }),
    ]);
    expect(scanInferRequest(twice).modelName).toBe('last');
  });

  it('end in a result or a TensorError whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parseInferRequest(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TensorError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('cut short anywhere inside a field are refused', () => {
    const bytes = buildInferRequest({
      modelName: 'model',
      inputs: [{ name: 'x', datatype: 'INT8', shape: [3], raw: Buffer.from([1, 2, 3]) }],
    });
    for (const length of [1, 3, 9, bytes.length - 1]) {
      expect(() => parseInferRequest(bytes.subarray(0, length))).toThrow(TensorError);
    }
  });

  it('keep a negative dimension visible', () => {
    const bytes = toBinary(
      ModelInferRequestSchema,
      create(ModelInferRequestSchema, { inputs: [{ name: 'x', datatype: 'FP32', shape: [-1n, 32n] }] }),
    );
    expect(parseInferRequest(bytes).inputs[0]?.shape).toEqual([-1, 32]);
  });
});
