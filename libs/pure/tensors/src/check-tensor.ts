import { decodeBytesElements } from './bytes-elements.ts';
import { elementSizeBytes, isDatatype, type Datatype } from './datatype.ts';
import type { InferRequestView, RawTensor } from './infer-request.ts';
import type { InferResponseView } from './infer-response.ts';
import { elementCount, formatShape } from './shape.ts';
import { TensorError } from './tensor-error.ts';
import { MAX_TYPED_ELEMENTS, rawFromContents } from './typed-contents.ts';

/** A tensor whose datatype exists and whose bytes are as many as its shape says. */
export interface CheckedTensor extends RawTensor {
  readonly datatype: Datatype;
}

/**
 * Checks a tensor against itself: known datatype, non-negative shape, and exactly the bytes that both promise.
 * @throws TensorError naming `<field>.datatype`, `<field>.shape` or `<field>`.
 */
export function checkTensor(tensor: RawTensor, field: string): asserts tensor is CheckedTensor {
  const { datatype, shape, raw } = tensor;
  if (!isDatatype(datatype)) throw new TensorError(`${field}.datatype`, `${datatype || '""'} is no datatype`);
  const count = elementCount(shape);
  if (Number.isNaN(count)) {
    throw new TensorError(`${field}.shape`, `the shape ${formatShape(shape)} has no element count`);
  }
  const size = elementSizeBytes(datatype);
  if (size === 0) {
    const found = decodeBytesElements(raw, field).length;
    if (found !== count) throw new TensorError(field, `${found} BYTES elements where ${count} are due`);
  } else if (raw.length !== count * size) {
    throw new TensorError(
      field,
      `${raw.length} bytes where ${datatype}${formatShape(shape)} takes ${count * size}`,
    );
  }
}

/**
 * The elements of a message's tensors in their order, raw: views of the message, or typed contents converted.
 * @throws TensorError where raw and typed contents are mixed, not every tensor has its elements, or typed contents
 * hold more than 262,144 elements in all.
 */
export function rawInputs(message: InferRequestView): RawTensor[] {
  return pairElements(message.inputs, message.raw, 'inputs', 'raw_input_contents');
}

/** As rawInputs, for the outputs of a response. */
export function rawOutputs(message: InferResponseView): RawTensor[] {
  return pairElements(message.outputs, message.raw, 'outputs', 'raw_output_contents');
}

function pairElements(
  tensors: InferRequestView['inputs'],
  raw: readonly Uint8Array[],
  field: string,
  rawField: string,
): RawTensor[] {
  const isRaw = raw.length > 0;
  if (isRaw && raw.length !== tensors.length) {
    throw new TensorError(rawField, `${raw.length} raw contents for ${tensors.length} tensors`);
  }
  const budget = { left: MAX_TYPED_ELEMENTS };
  return tensors.map(({ name, datatype, shape, contents }, index) => {
    const at = `${field}[${index}].contents`;
    if (isRaw) {
      if (contents !== undefined && contents.length > 0) {
        throw new TensorError(at, `typed contents beside ${rawField}`);
      }
      return { name, datatype, shape, raw: raw[index] ?? EMPTY };
    }
    if (!isDatatype(datatype))
      throw new TensorError(`${field}[${index}].datatype`, `"${datatype}" is no datatype`);
    return { name, datatype, shape, raw: rawFromContents(datatype, contents ?? EMPTY, at, budget) };
  });
}

const EMPTY = new Uint8Array(0);
