import {
  checkTensor,
  decodeElements,
  firstElement,
  isDatatype,
  parseInferResponse,
  rawOutputs,
  type Element,
} from '@plumbline/tensors';

/** The outputs of an encoded ModelInferResponse, decoded. */
export function outputsOf(
  response: Uint8Array,
): { readonly name: string; readonly values: readonly Element[] }[] {
  return rawOutputs(parseInferResponse(response)).map((tensor) => {
    checkTensor(tensor, `outputs.${tensor.name}`);
    return { name: tensor.name, values: decodeElements(tensor.datatype, tensor.raw) };
  });
}

/** The first element of the first output as a number; NaN where it has none. */
export function firstScore(response: Uint8Array): number {
  const [output] = rawOutputs(parseInferResponse(response));
  if (output === undefined || !isDatatype(output.datatype)) return Number.NaN;
  const first = firstElement(output.datatype, output.raw);
  return first === undefined || first instanceof Uint8Array ? Number.NaN : Number(first);
}
