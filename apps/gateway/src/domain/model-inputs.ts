import type { Signature, ModelInput } from '@plumbline/signature';
import {
  encodeElements,
  inferRequestTemplate,
  isDatatype,
  type Datatype,
  type Element,
} from '@plumbline/tensors';
import { errors } from './errors.ts';
import type { Scalar, ServedFeatures } from './features.ts';

/** Builds the ModelInferRequest for one served vector; compiled once per version. */
export type RequestBuilder = (features: ServedFeatures) => Buffer;

/** NULL becomes NaN in floating-point inputs; elsewhere it is refused, never guessed. */
export function requestBuilder(modelName: string, signature: Signature): RequestBuilder {
  const inputs = signature.inputs.map((input) => ({ ...input, datatype: datatypeOf(input) }));
  const template = inferRequestTemplate(
    { modelName },
    inputs.map(({ name, datatype }) => ({ name, datatype, shape: [1, 1] })),
  );
  return (features) => template(inputs.map((input) => encodeInput(input, features)));
}

function encodeInput(
  input: ModelInput & { readonly datatype: Datatype },
  features: ServedFeatures,
): Uint8Array {
  const position = input.feature === undefined ? -1 : features.names.indexOf(input.feature);
  if (position < 0) throw missing(input, 'is not among the served features');
  return encodeElements(input.datatype, [elementOf(input, features.values[position] ?? null)]);
}

function elementOf(input: ModelInput, value: Scalar): Element {
  const floating = input.datatype === 'FP32' || input.datatype === 'FP64';
  if (value === null) {
    if (floating) return Number.NaN;
    throw missing(input, `is NULL, and ${input.datatype} has no NaN`);
  }
  if (typeof value === 'string') return Buffer.from(value);
  if (typeof value === 'object') return value.timestampUs;
  if (floating) return Number(value);
  return input.datatype === 'INT64' || input.datatype === 'UINT64' ? BigInt(value) : value;
}

function datatypeOf(input: ModelInput): Datatype {
  if (isDatatype(input.datatype)) return input.datatype;
  throw missing(input, `has the unknown datatype ${input.datatype}`);
}

const missing = (input: ModelInput, problem: string) =>
  errors.FEATURE_MISSING(`input "${input.name}" (feature "${input.feature ?? 'none'}") ${problem}`, {
    metadata: { input: input.name, feature: input.feature ?? '' },
  });
