import type { MessageShape } from '@bufbuild/protobuf';
import type { ModelMetadataResponseSchema } from '@plumbline/contract-oip';
import {
  elementSizeBytes,
  encodeBytesElements,
  formatShape,
  isDatatype,
  type RawTensor,
} from '@plumbline/tensors';
import { restErrors } from '../errors.ts';

/**
 * The only input of a model, of a body that is nothing but its elements. One dimension of any size may be left to the
 * bytes to decide; where there are more, the leading one is a single row. BYTES is one element, the body without a
 * length before it.
 *
 * @throws ServiceError RAW_REQUEST_UNSUPPORTED
 */
export function rawInput(
  metadata: MessageShape<typeof ModelMetadataResponseSchema>,
  body: Buffer,
): RawTensor {
  const [input, ...others] = metadata.inputs;
  if (input === undefined || others.length > 0) {
    throw unsupported(`the model has ${metadata.inputs.length} inputs, and the body describes none`);
  }
  const { name, datatype } = input;
  if (!isDatatype(datatype)) throw unsupported(`"${datatype}" is no datatype`);
  const declared = input.shape.map(Number);
  const shape = declared.filter((size) => size < 0).length > 1 ? [1, ...declared.slice(1)] : declared;
  if (datatype === 'BYTES')
    return { name, datatype, shape: oneElement(shape), raw: encodeBytesElements([body]) };
  return { name, datatype, shape: deduced(shape, body.length / elementSizeBytes(datatype)), raw: body };
}

function oneElement(shape: readonly number[]): number[] {
  if (shape.every((size) => size === 1 || size < 0)) return shape.map(() => 1);
  throw unsupported(`the input's shape ${formatShape(shape)} is not that of one element`);
}

function deduced(shape: readonly number[], elements: number): number[] {
  const open = shape.filter((size) => size < 0).length;
  const fixed = shape.reduce((product, size) => (size < 0 ? product : product * size), 1);
  const size = open === 0 ? 1 : elements / fixed;
  if (open > 1 || !Number.isInteger(size) || fixed * size !== elements) {
    throw unsupported(`${elements} elements do not decide the input's shape ${formatShape(shape)}`);
  }
  return shape.map((given) => (given < 0 ? size : given));
}

const unsupported = (problem: string): Error => restErrors.RAW_REQUEST_UNSUPPORTED(problem);
