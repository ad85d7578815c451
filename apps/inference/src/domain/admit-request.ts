import type { ServiceError } from '@plumbline/errors';
import {
  elementCount,
  elementSizeBytes,
  formatShape,
  rawInputs,
  shapeFits,
  TensorError,
  type InferRequestView,
  type RawTensor,
} from '@plumbline/tensors';
import { errors, shorten } from './errors.ts';
import type { ModelSignature, TensorSpec } from './signature.ts';

/** A request that fits the model: what the batcher needs and no more. */
export interface AdmittedRequest {
  /** Rows of the leading dimension; 1 for a model without rows. */
  readonly rows: number;
  /** Raw elements in the order of the signature's inputs; views of the request. */
  readonly inputs: readonly Uint8Array[];
  /** Shapes in the same order. */
  readonly shapes: readonly (readonly number[])[];
  /** Indexes of the wanted outputs in the signature, in the order asked for. */
  readonly outputs: readonly number[];
  /** Requests may share a batch when their keys are equal: the shapes without the leading dimension. */
  readonly bucket: string;
}

/**
 * Checks a request against a model's signature. Values are not looked at: what NaN means is the model's affair.
 * @param rowed whether the leading dimension counts rows.
 * @throws ServiceError INPUT_NAME_INVALID, DATATYPE_MISMATCH, SHAPE_MISMATCH, BYTE_LENGTH_MISMATCH,
 * OUTPUT_NAME_INVALID or MALFORMED_REQUEST, naming the field.
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
    checkInput(tensor, spec, at);
    inputs.push(tensor.raw);
    shapes.push(tensor.shape);
    if (!isFixed(spec, rowed)) bucket += `${formatShape(rowed ? tensor.shape.slice(1) : tensor.shape)};`;
  }
  const rows = rowed ? commonRows(shapes) : 1;
  return { rows, inputs, shapes, outputs: wantedOutputs(request, signature.outputs), bucket };
}

function elementsOf(request: InferRequestView): RawTensor[] {
  try {
    return rawInputs(request);
  } catch (error) {
    throw error instanceof TensorError ? refuse('MALFORMED_REQUEST', error.field, error.message) : error;
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
      throw refuse('INPUT_NAME_INVALID', `inputs[${index}].name`, `the model has no input "${name}"`);
    }
    if (places.has(name))
      throw refuse('INPUT_NAME_INVALID', `inputs[${index}].name`, `"${name}" is given twice`);
    places.set(name, index);
  });
  return specs.map(({ name }) => {
    const place = places.get(name);
    if (place === undefined) throw refuse('INPUT_NAME_INVALID', 'inputs', `the input "${name}" is missing`);
    return place;
  });
}

function checkInput(tensor: RawTensor, spec: TensorSpec, at: number): void {
  const { datatype, shape, raw } = tensor;
  if (datatype !== spec.datatype) {
    const found = `"${spec.name}" is ${spec.datatype}, not ${datatype || '""'}`;
    throw refuse('DATATYPE_MISMATCH', `inputs[${at}].datatype`, found);
  }
  const count = elementCount(shape);
  if (Number.isNaN(count) || !shapeFits(spec.shape, shape)) {
    const found = `"${spec.name}" has the shape ${formatShape(spec.shape)}, not ${formatShape(shape)}`;
    throw refuse('SHAPE_MISMATCH', `inputs[${at}].shape`, found);
  }
  const due = count * elementSizeBytes(spec.datatype);
  if (raw.length !== due) {
    const found = `"${spec.name}" takes ${due} bytes as ${datatype}${formatShape(shape)}, not ${raw.length}`;
    throw refuse('BYTE_LENGTH_MISMATCH', `raw_input_contents[${at}]`, found);
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
      throw refuse(
        'SHAPE_MISMATCH',
        `inputs[${index}].shape`,
        `${shape[0]} rows where the first input has ${rows}`,
      );
    }
  });
  if (rows === 0) throw refuse('SHAPE_MISMATCH', 'inputs[0].shape', 'a request has at least one row');
  return rows;
}

function wantedOutputs(request: InferRequestView, specs: readonly TensorSpec[]): readonly number[] {
  if (request.outputs.length === 0) return specs.map((_, index) => index);
  const wanted = new Set<number>();
  request.outputs.forEach(({ name }, at) => {
    const index = specs.findIndex((spec) => spec.name === name);
    if (index < 0)
      throw refuse('OUTPUT_NAME_INVALID', `outputs[${at}].name`, `the model has no output "${name}"`);
    if (wanted.has(index))
      throw refuse('OUTPUT_NAME_INVALID', `outputs[${at}].name`, `"${name}" is asked for twice`);
    wanted.add(index);
  });
  return [...wanted];
}

type Refusal =
  | 'MALFORMED_REQUEST'
  | 'INPUT_NAME_INVALID'
  | 'OUTPUT_NAME_INVALID'
  | 'DATATYPE_MISMATCH'
  | 'SHAPE_MISMATCH'
  | 'BYTE_LENGTH_MISMATCH';

function refuse(reason: Refusal, field: string, problem: string): ServiceError {
  const description = shorten(problem);
  return errors[reason](description, { fieldViolations: [{ field, description }] });
}
