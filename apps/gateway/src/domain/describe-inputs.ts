import type { Signature } from '@plumbline/signature';
import {
  firstElement,
  isDatatype,
  parseInferRequest,
  rawInputs,
  TensorError,
  type RawTensor,
} from '@plumbline/tensors';
import type { Scalar } from './features.ts';
import type { PredictionFacts } from './record.ts';
import { errors } from './errors.ts';

/** Tensors with more elements per row than this are not monitored value by value. */
const MAX_MONITORED_ELEMENTS = 1;

/**
 * Names and values of a tensor request's scalar inputs, under the feature's name where the signature tells one. Of a
 * request with several rows it describes the first. Whether the tensors fit the model is inference's to say: what is
 * missing here is NULL.
 */
export function describeInputs(
  signature: Signature | undefined,
  request: Buffer,
): Pick<PredictionFacts, 'featureNames' | 'featureValues'> {
  const features = new Map(signature?.inputs.map((input) => [input.name, input.feature ?? input.name]));
  const scalars = inputsOf(request).filter(({ shape }) => elementsPerRow(shape) <= MAX_MONITORED_ELEMENTS);
  return {
    featureNames: scalars.map(({ name }) => features.get(name) ?? name),
    featureValues: scalars.map(firstValue),
  };
}

function inputsOf(request: Buffer): RawTensor[] {
  try {
    return rawInputs(parseInferRequest(request));
  } catch (cause) {
    if (!(cause instanceof TensorError)) throw cause;
    throw errors.REQUEST_MALFORMED(cause.message, { cause });
  }
}

const elementsPerRow = (shape: readonly number[]): number =>
  shape.slice(1).reduce((product, size) => product * size, 1);

function firstValue({ datatype, raw }: RawTensor): Scalar {
  const element = isDatatype(datatype) ? firstElement(datatype, raw) : undefined;
  if (element === undefined) return null;
  return element instanceof Uint8Array ? Buffer.from(element).toString() : element;
}
