import {
  countTextElements,
  elementCount,
  elementSizeBytes,
  formatShape,
  rawInputs,
  shapeFits,
  TensorError,
  type InferRequestView,
  type RawTensor,
} from '@plumbline/tensors';
import type { AdmittedRequest } from '../batching/admitted-request.ts';
import { asMalformed, refuseField } from './refuse-field.ts';
import type { ModelSignature, TensorSpec } from '../signature.ts';
import { readTensorParameters, wantedOutputs } from './wanted-outputs.ts';

/**
 * Checks a request against a model's signature. Numbers are not looked at: what NaN means is the model's affair. BYTES
 * must be UTF-8 without zero characters, because the engine's strings are text.
 * @param rowed whether the leading dimension counts rows.
 * @throws ServiceError INPUT_NAME_INVALID, DATATYPE_MISMATCH, SHAPE_MISMATCH, BYTE_LENGTH_MISMATCH, BYTES_INVALID,
 * OUTPUT_NAME_INVALID, SHARED_MEMORY_UNSUPPORTED or MALFORMED_REQUEST, naming the field.
 */
export function admitRequest(
  request: InferRequestView,
  signature: ModelSignature,
  rowed: boolean,
): AdmittedRequest {
  const given = elementsOf(request);
  const order = orderInputs(given, signature.inputs);
  const inputs: Uint8Array[] = [];
  const shapes: (readonly number[])[] = [];
  let bucket = '';
  for (let index = 0; index < signature.inputs.length; index++) {
    const spec = signature.inputs[index] as TensorSpec;
    const at = order === undefined ? index : (order[index] as number);
    const tensor = given[at] as RawTensor;
    checkInput(tensor, spec, request.raw.length > 0 ? RAW : TYPED, at);
    inputs.push(tensor.raw);
    shapes.push(tensor.shape);
    if (!isFixed(spec, rowed)) bucket += `${formatShape(rowed ? tensor.shape.slice(1) : tensor.shape)};`;
  }
  const rows = rowed ? commonRows(shapes) : 1;
  return { rows, inputs, shapes, outputs: wantedOutputs(request, signature.outputs), bucket };
}

function elementsOf(request: InferRequestView): RawTensor[] {
  for (let at = 0; at < request.inputs.length; at++) {
    const parameters = request.inputs[at]?.parameters;
    if (parameters !== undefined && parameters.length > 0) readTensorParameters(parameters, `inputs[${at}]`);
  }
  try {
    return rawInputs(request);
  } catch (error) {
    throw asMalformed(error);
  }
}

/** Where each input of the signature is among those given; undefined when they come in the same order. */
function orderInputs(given: readonly RawTensor[], specs: readonly TensorSpec[]): number[] | undefined {
  if (given.length === specs.length && specs.every((spec, index) => given[index]?.name === spec.name)) {
    return undefined;
  }
  const places = new Map<string, number>();
  given.forEach(({ name }, index) => {
    if (!specs.some((spec) => spec.name === name)) {
      throw refuseField('INPUT_NAME_INVALID', `inputs[${index}].name`, `the model has no input "${name}"`);
    }
    if (places.has(name))
      throw refuseField('INPUT_NAME_INVALID', `inputs[${index}].name`, `"${name}" is given twice`);
    places.set(name, index);
  });
  return specs.map(({ name }) => {
    const place = places.get(name);
    if (place === undefined)
      throw refuseField('INPUT_NAME_INVALID', 'inputs', `the input "${name}" is missing`);
    return place;
  });
}

/** Where the elements of input `at` are in the message. */
const RAW = (at: number): string => `raw_input_contents[${at}]`;
const TYPED = (at: number): string => `inputs[${at}].contents`;

function checkInput(tensor: RawTensor, spec: TensorSpec, contents: typeof RAW, at: number): void {
  const { datatype, shape, raw } = tensor;
  if (datatype !== spec.datatype) {
    const found = `"${spec.name}" is ${spec.datatype}, not ${datatype || '""'}`;
    throw refuseField('DATATYPE_MISMATCH', `inputs[${at}].datatype`, found);
  }
  const count = elementCount(shape);
  if (Number.isNaN(count) || !shapeFits(spec.shape, shape)) {
    const found = `"${spec.name}" has the shape ${formatShape(spec.shape)}, not ${formatShape(shape)}`;
    throw refuseField('SHAPE_MISMATCH', `inputs[${at}].shape`, found);
  }
  const sizeBytes = elementSizeBytes(spec.datatype);
  if (sizeBytes === 0) checkTexts(tensor, count, contents(at));
  else if (raw.length !== count * sizeBytes) {
    const due = `${count * sizeBytes} bytes as ${datatype}${formatShape(shape)}`;
    throw refuseField('BYTE_LENGTH_MISMATCH', contents(at), `"${spec.name}" takes ${due}, not ${raw.length}`);
  }
}

function checkTexts({ name, shape, raw }: RawTensor, due: number, field: string): void {
  const found = textsIn(raw, field);
  if (found === due) return;
  const problem = `"${name}" takes ${due} elements as BYTES${formatShape(shape)}, not ${found}`;
  throw refuseField('BYTE_LENGTH_MISMATCH', field, problem);
}

function textsIn(raw: Uint8Array, field: string): number {
  try {
    return countTextElements(raw, field);
  } catch (error) {
    throw error instanceof TensorError ? refuseField('BYTES_INVALID', error.field, error.message) : error;
  }
}

function isFixed(spec: TensorSpec, rowed: boolean): boolean {
  for (let axis = rowed ? 1 : 0; axis < spec.shape.length; axis++) if (spec.shape[axis] === -1) return false;
  return true;
}

function commonRows(shapes: readonly (readonly number[])[]): number {
  const rows = shapes[0]?.[0] ?? 0;
  shapes.forEach((shape, index) => {
    if (shape[0] !== rows) {
      throw refuseField(
        'SHAPE_MISMATCH',
        `inputs[${index}].shape`,
        `${shape[0]} rows where the first input has ${rows}`,
      );
    }
  });
  if (rows === 0) throw refuseField('SHAPE_MISMATCH', 'inputs[0].shape', 'a request has at least one row');
  return rows;
}
