import { isDatatype, type Datatype, type ParameterValue, type Shape } from '@plumbline/tensors';
import { restErrors } from '../errors.ts';
import type { DataRange, LiftedRequest } from '../json/lift-data.ts';

export type Parameters = ReadonlyMap<string, ParameterValue>;

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

type Json = Readonly<Record<string, unknown>>;

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

function withoutSharedMemory(parameters: Json, field: string): Json {
  if (parameters['shared_memory_region'] === undefined) return parameters;
  throw restErrors.SHARED_MEMORY_UNSUPPORTED(`${field} is in shared memory, which is not offered`);
}

/**
 * Parameters as the gRPC protocol types them: integers apart from other numbers.
 * @throws ServiceError REQUEST_INVALID for null, lists and objects, and integers beyond 64 bits
 */
export function readParameters(parameters: Json, field: string): Parameters {
  return new Map(
    Object.entries(parameters).map(([key, value]) => [
      stringAt(key, field),
      parameterAt(value, `${field}.${shorten(key)}`),
    ]),
  );
}

function parameterAt(value: unknown, field: string): ParameterValue {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') return stringAt(value, field);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'bigint') throw invalid(field, 'is neither string, number nor boolean');
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw invalid(field, 'is beyond 64 bits');
  return value;
}

/** @throws ServiceError REQUEST_INVALID */
export function objectAt(value: unknown, field: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(field, 'is no object');
  return value as Json;
}

/** Empty where there is none. @throws ServiceError REQUEST_INVALID */
export function optionalObject(value: unknown, field: string): Json {
  return value === undefined ? {} : objectAt(value, field);
}

function arrayAt(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(field, value === undefined ? 'is missing' : 'is no array');
  return value;
}

function optionalArray(value: unknown, field: string): readonly unknown[] {
  return value === undefined ? [] : arrayAt(value, field);
}

function stringAt(value: unknown, field: string): string {
  if (typeof value !== 'string') throw invalid(field, value === undefined ? 'is missing' : 'is no string');
  if (!value.isWellFormed()) throw invalid(field, 'has half of a surrogate pair');
  return value;
}

function sizeAt(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(field, 'is no size: an integer from 0 to 2^53 − 1');
}

/** @throws ServiceError REQUEST_INVALID */
export function flagAt(value: unknown, field: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(field, 'is neither true nor false');
}

function invalid(field: string, problem: string): Error {
  return restErrors.REQUEST_INVALID(`${field} ${problem}`, {
    fieldViolations: [{ field, description: problem }],
  });
}

/** A caller's own text, as far as a message repeats it. */
function shorten(text: string): string {
  return text.length <= 64 ? text : `${text.slice(0, 64)}…`;
}
