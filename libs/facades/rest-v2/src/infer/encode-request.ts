import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { ModelInferRequestSchema, type InferParameterSchema } from '@plumbline/contract-oip';
import type { ParameterValue, RawTensor } from '@plumbline/tensors';
import type { Parameters } from '../json/fields.ts';

export interface InferRequestParts {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly (RawTensor & { readonly parameters: Parameters })[];
  readonly outputs: readonly { readonly name: string; readonly parameters: Parameters }[];
}

const RAW_INPUT_CONTENTS_TAG = (7 << 3) | 2;

/** The bytes of a ModelInferRequest. The tensors follow what describes them, so that each is copied once. */
export function encodeInferRequest(request: InferRequestParts): Buffer {
  const { inputs, outputs, parameters, ...head } = request;
  const description = create(ModelInferRequestSchema, {
    ...head,
    parameters: parameterMap(parameters),
    inputs: inputs.map(({ name, datatype, shape, parameters: given }) => ({
      name,
      datatype,
      shape: shape.map(BigInt),
      parameters: parameterMap(given),
    })),
    outputs: outputs.map(({ name, parameters: given }) => ({ name, parameters: parameterMap(given) })),
  });
  const parts: Uint8Array[] = [toBinary(ModelInferRequestSchema, description)];
  for (const { raw } of inputs) parts.push(bytesHeader(raw.length), raw);
  return Buffer.concat(parts);
}

function bytesHeader(length: number): Uint8Array {
  const header = [RAW_INPUT_CONTENTS_TAG];
  let left = length;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) header.push((left % 0x80) | 0x80);
  header.push(left);
  return Uint8Array.from(header);
}

type ParameterInit = MessageInitShape<typeof InferParameterSchema>;

function parameterMap(parameters: Parameters): Record<string, ParameterInit> {
  return Object.fromEntries(
    [...parameters].map(([key, value]): [string, ParameterInit] => [
      key,
      { parameterChoice: parameterChoice(value) },
    ]),
  );
}

function parameterChoice(value: ParameterValue): NonNullable<ParameterInit['parameterChoice']> {
  if (typeof value === 'boolean') return { case: 'boolParam', value };
  if (typeof value === 'string') return { case: 'stringParam', value };
  if (typeof value === 'number') return { case: 'doubleParam', value };
  return value < 2n ** 63n ? { case: 'int64Param', value } : { case: 'uint64Param', value };
}
