import { isDatatype, type Datatype, type Shape } from '@plumbline/tensors';
import { restErrors } from '../errors.ts';
import {
  arrayAt,
  flagAt,
  invalid,
  objectAt,
  optionalArray,
  optionalObject,
  readParameters,
  shorten,
  sizeAt,
  stringAt,
  type Fields,
  type Parameters,
} from '../json/fields.ts';
import type { DataRange, LiftedRequest } from '../json/lift-data.ts';

/** One input of a request, its elements still where they came. */
export interface RestInput {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: Shape;
  readonly parameters: Parameters;
  /** A range of the JSON, or so many bytes of what follows it. */
  readonly elements: DataRange | { readonly binarySizeBytes: number };
}

export interface RestOutput {
  readonly name: string;
  /** Undefined: as the request says for all. */
  readonly binary: boolean | undefined;
  readonly parameters: Parameters;
}

/** An inference request of the REST protocol; what steers the façade itself is taken out of the parameters. */
export interface RestInferRequest {
  readonly id: string;
  readonly parameters: Parameters;
  readonly inputs: readonly RestInput[];
  /** None: all outputs of the model. */
  readonly outputs: readonly RestOutput[];
  readonly binaryOutputs: boolean;
}

/** @throws ServiceError REQUEST_INVALID naming the field; SHARED_MEMORY_UNSUPPORTED */
export function readInferRequest({ envelope, ranges }: LiftedRequest): RestInferRequest {
  const request = objectAt(envelope, 'the body');
  const { binary_data_output: binaryOutputs, ...parameters } = optionalObject(
    request['parameters'],
    'parameters',
  );
  return {
    id: request['id'] === undefined ? '' : stringAt(request['id'], 'id'),
    parameters: readParameters(parameters, 'parameters'),
    inputs: arrayAt(request['inputs'], 'inputs').map((input, index) =>
      readInput(input, `inputs[${index}]`, ranges),
    ),
    outputs: optionalArray(request['outputs'], 'outputs').map((output, index) =>
      readOutput(output, `outputs[${index}]`),
    ),
    binaryOutputs: flagAt(binaryOutputs, 'parameters.binary_data_output') ?? false,
  };
}

function readInput(value: unknown, field: string, ranges: readonly DataRange[]): RestInput {
  const input = objectAt(value, field);
  const given = optionalObject(input['parameters'], `${field}.parameters`);
  const { binary_data_size: size, ...parameters } = withoutSharedMemory(given, field);
  const datatype = stringAt(input['datatype'], `${field}.datatype`);
  if (!isDatatype(datatype)) throw invalid(`${field}.datatype`, `"${shorten(datatype)}" is no datatype`);
  return {
    name: stringAt(input['name'], `${field}.name`),
    datatype,
    shape: arrayAt(input['shape'], `${field}.shape`).map((dimension, axis) =>
      sizeAt(dimension, `${field}.shape[${axis}]`),
    ),
    parameters: readParameters(parameters, `${field}.parameters`),
    elements: elementsOf(input['data'], size, field, ranges),
  };
}

function elementsOf(
  data: unknown,
  size: unknown,
  field: string,
  ranges: readonly DataRange[],
): RestInput['elements'] {
  if (size === undefined) {
    const range = typeof data === 'number' ? ranges[data] : undefined;
    if (range === undefined) throw invalid(field, 'has neither data nor the parameter binary_data_size');
    return range;
  }
  if (data !== undefined) throw invalid(field, 'has both data and the parameter binary_data_size');
  return { binarySizeBytes: sizeAt(size, `${field}.parameters.binary_data_size`) };
}

function readOutput(value: unknown, field: string): RestOutput {
  const output = objectAt(value, field);
  const given = optionalObject(output['parameters'], `${field}.parameters`);
  const { binary_data: binary, ...parameters } = withoutSharedMemory(given, field);
  return {
    name: stringAt(output['name'], `${field}.name`),
    binary: flagAt(binary, `${field}.parameters.binary_data`),
    parameters: readParameters(parameters, `${field}.parameters`),
  };
}

function withoutSharedMemory(parameters: Fields, field: string): Fields {
  if (parameters['shared_memory_region'] === undefined) return parameters;
  throw restErrors.SHARED_MEMORY_UNSUPPORTED(`${field} is in shared memory, which is not offered`);
}
