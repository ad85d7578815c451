import { describe, expect, it } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelInferRequestSchema } from '@plumbline/contract-oip';
import fc from 'fast-check';
import { encodeInferRequest } from './encode-request.ts';

const parameter = fc.oneof(
  fc.boolean(),
  fc.string(),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
);
const parameters = fc.array(fc.tuple(fc.string(), parameter)).map((entries) => new Map(entries));
const input = fc.record({
  name: fc.string(),
  datatype: fc.constantFrom('UINT8', 'BYTES'),
  shape: fc.array(fc.nat()),
  raw: fc.oneof(
    fc.uint8Array(),
    fc.integer({ min: 120, max: 40_000 }).map((size) => new Uint8Array(size).fill(size)),
  ),
  parameters,
});
const requests = fc.record({
  modelName: fc.string(),
  modelVersion: fc.string(),
  id: fc.string(),
  parameters,
  inputs: fc.array(input, { maxLength: 4 }),
  outputs: fc.array(fc.record({ name: fc.string(), parameters }), { maxLength: 3 }),
});

const plain = (map: Readonly<Record<string, { parameterChoice: { value?: unknown } }>>) =>
  new Map(Object.entries(map).map(([key, { parameterChoice }]) => [key, parameterChoice.value]));

describe('the bytes of a request', () => {
  it('are a ModelInferRequest with the same content', () => {
    fc.assert(
      fc.property(requests, (request) => {
        const message = fromBinary(ModelInferRequestSchema, encodeInferRequest(request));
        const { modelName, modelVersion, id } = message;
        expect({
          modelName,
          modelVersion,
          id,
          parameters: plain(message.parameters),
          inputs: message.inputs.map(({ name, datatype, shape, parameters: given }, index) => ({
            name,
            datatype,
            shape: shape.map(Number),
            raw: new Uint8Array(message.rawInputContents[index] ?? []),
            parameters: plain(given),
          })),
          outputs: message.outputs.map(({ name, parameters: given }) => ({ name, parameters: plain(given) })),
        }).toEqual(request);
      }),
      { numRuns: 40 },
    );
  });
});
