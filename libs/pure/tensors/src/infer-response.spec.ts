import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { ModelInferResponseSchema } from '@plumbline/contract-oip';
import fc from 'fast-check';
import { names, tensorOf } from '../test/arbitraries.ts';
import { rawOutputs } from './check-tensor.ts';
import { buildInferResponse, parseInferResponse } from './infer-response.ts';

const heads = fc.record({ modelName: names, modelVersion: names, id: names });

describe('ModelInferResponse bytes', () => {
  it('are built as protobuf-es reads and writes them', () => {
    fc.assert(
      fc.property(heads, fc.array(tensorOf(), { maxLength: 4 }), (head, tensors) => {
        const bytes = buildInferResponse({ ...head, outputs: tensors });
        const expected = create(ModelInferResponseSchema, {
          ...head,
          outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) })),
          rawOutputContents: tensors.map(({ raw }) => raw),
        });
        expect(fromBinary(ModelInferResponseSchema, bytes)).toEqual(
          fromBinary(ModelInferResponseSchema, toBinary(ModelInferResponseSchema, expected)),
        );
      }),
    );
  });

  it('are parsed back into what they were built from', () => {
    fc.assert(
      fc.property(heads, fc.array(tensorOf(), { minLength: 1, maxLength: 4 }), (head, tensors) => {
        const view = parseInferResponse(buildInferResponse({ ...head, outputs: tensors }));
        expect(view).toMatchObject(head);
        expect(rawOutputs(view).map((output) => ({ ...output, raw: Buffer.from(output.raw) }))).toEqual(
          tensors.map(({ name, datatype, shape, raw }) => ({ name, datatype, shape, raw })),
        );
      }),
    );
  });
});
