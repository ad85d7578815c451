import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { describe, expect, it } from '@jest/globals';
import { ModelInferResponseSchema, ModelStreamInferResponseSchema } from '@plumbline/contract-oip';
import fc from 'fast-check';
import { names, tensorOf, type SampleTensor } from '../test/arbitraries.ts';
import { rawOutputs } from './check-tensor.ts';
import { encodeParameters } from './infer-parameter.ts';
import {
  buildInferResponse,
  buildStreamAnswer,
  buildStreamFailure,
  parseInferResponse,
} from './infer-response.ts';

const heads = fc.record({ modelName: names, modelVersion: names, id: names });
const outputs = fc.array(tensorOf(), { maxLength: 4 });
const flags = fc.dictionary(names, fc.boolean(), { maxKeys: 2 });

type Head = { readonly modelName: string; readonly modelVersion: string; readonly id: string };

const messageOf = (
  head: Head,
  tensors: readonly SampleTensor[],
  parameters: Readonly<Record<string, boolean>>,
): MessageInitShape<typeof ModelInferResponseSchema> => ({
  ...head,
  parameters: Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [
      key,
      { parameterChoice: { case: 'boolParam' as const, value } },
    ]),
  ),
  outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) })),
  rawOutputContents: tensors.map(({ raw }) => raw),
});
const entriesOf = (parameters: Readonly<Record<string, boolean>>) =>
  encodeParameters(new Map(Object.entries(parameters)));

describe('ModelInferResponse bytes', () => {
  it('are built as protobuf-es reads and writes them', () => {
    fc.assert(
      fc.property(heads, outputs, flags, (head, tensors, parameters) => {
        const bytes = buildInferResponse({ ...head, outputs: tensors, parameters: entriesOf(parameters) });
        const expected = create(ModelInferResponseSchema, messageOf(head, tensors, parameters));
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

describe('ModelStreamInferResponse bytes', () => {
  it('of an answer are built as protobuf-es reads and writes them', () => {
    fc.assert(
      fc.property(heads, outputs, flags, (head, tensors, parameters) => {
        const bytes = buildStreamAnswer({ ...head, outputs: tensors, parameters: entriesOf(parameters) });
        const inferResponse = messageOf(head, tensors, parameters);
        const expected = create(ModelStreamInferResponseSchema, { inferResponse });
        expect(fromBinary(ModelStreamInferResponseSchema, bytes)).toEqual(
          fromBinary(ModelStreamInferResponseSchema, toBinary(ModelStreamInferResponseSchema, expected)),
        );
      }),
    );
  });

  it('of a failure carry its message and the request it concerns', () => {
    fc.assert(
      fc.property(
        heads,
        names.filter((text) => text !== ''),
        flags,
        (head, errorMessage, parameters) => {
          const bytes = buildStreamFailure(errorMessage, { ...head, parameters: entriesOf(parameters) });
          const inferResponse = messageOf(head, [], parameters);
          const expected = create(ModelStreamInferResponseSchema, { errorMessage, inferResponse });
          expect(fromBinary(ModelStreamInferResponseSchema, bytes)).toEqual(expected);
        },
      ),
    );
  });
});
