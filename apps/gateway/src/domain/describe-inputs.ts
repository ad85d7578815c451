import type { Signature } from '@plumbline/signature';
import {
  checkTensor,
  decodeElements,
  parseInferRequest,
  rawInputs,
  TensorError,
  type CheckedTensor,
  type RawTensor,
} from '@plumbline/tensors';
import type { Scalar } from './features.ts';
import type { PredictionFacts } from './record.ts';
import { errors } from './errors.ts';

/** Tensors with more elements per row than this are not monitored value by value. */
const MAX_MONITORED_ELEMENTS = 1;

/**
 * Names and values of a tensor request's scalar inputs, under the feature's name where the signature tells one. Of a
 * request with several rows it describes the first.
 */
export function describeInputs(
  signature: Signature | undefined,
  request: Buffer,
): Pick<PredictionFacts, 'featureNames' | 'featureValues'> {
  const features = new Map(signature?.inputs.map((input) => [input.name, input.feature ?? input.name]));
  const scalars = checkedInputs(request).filter(
    ({ shape }) => elementsPerRow(shape) <= MAX_MONITORED_ELEMENTS,
  );
  return {
    featureNames: scalars.map(({ name }) => features.get(name) ?? name),
    featureValues: scalars.map(firstElement),
  };
}

function checkedInputs(request: Buffer): CheckedTensor[] {
  try {
    return rawInputs(parseInferRequest(request)).map((tensor) => checked(tensor));
  } catch (cause) {
    if (!(cause instanceof TensorError)) throw cause;
    throw errors.REQUEST_MALFORMED(cause.message, { cause });
  }
}

function checked(tensor: RawTensor): CheckedTensor {
  checkTensor(tensor, `inputs.${tensor.name}`);
  return tensor;
}

const elementsPerRow = (shape: readonly number[]): number =>
  shape.slice(1).reduce((product, size) => product * size, 1);

function firstElement({ datatype, raw }: CheckedTensor): Scalar {
  const element = decodeElements(datatype, raw)[0];
  if (element === undefined) return null;
  return element instanceof Uint8Array ? Buffer.from(element).toString() : element;
}
