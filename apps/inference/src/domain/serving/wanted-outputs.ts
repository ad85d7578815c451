import {
  readParameters,
  type Datatype,
  type InferRequestView,
  type ParameterValue,
  type RequestedOutput,
} from '@plumbline/tensors';
import { isClassifiable } from './classification.ts';
import { asMalformed, refuseField } from './refuse-field.ts';
import type { TensorSpec } from '../signature.ts';

type TensorParameters = ReadonlyMap<string, ParameterValue>;

/**
 * Indexes of the wanted outputs among `specs`, in the order asked for; all where the request names none.
 * @throws ServiceError OUTPUT_NAME_INVALID.
 */
export function wantedOutputs(request: InferRequestView, specs: readonly TensorSpec[]): readonly number[] {
  if (request.outputs.length === 0) return specs.map((_, index) => index);
  const wanted = new Set<number>();
  request.outputs.forEach(({ name }, at) => {
    const index = specs.findIndex((spec) => spec.name === name);
    if (index < 0) {
      throw refuseField('OUTPUT_NAME_INVALID', `outputs[${at}].name`, `the model has no output "${name}"`);
    }
    if (wanted.has(index)) {
      throw refuseField('OUTPUT_NAME_INVALID', `outputs[${at}].name`, `"${name}" is asked for twice`);
    }
    wanted.add(index);
  });
  return [...wanted];
}

/**
 * For each wanted output how many of its classes are asked for in its place, by the parameter `classification`; 0: the
 * output itself. Undefined where no output has parameters.
 * @param wanted as wantedOutputs gives it.
 * @throws ServiceError MALFORMED_REQUEST, PARAMETER_INVALID or SHARED_MEMORY_UNSUPPORTED.
 */
export function wantedClasses(
  { outputs }: InferRequestView,
  specs: readonly TensorSpec[],
  wanted: readonly number[],
): readonly number[] | undefined {
  if (outputs.every(({ parameters }) => parameters.length === 0)) return undefined;
  return outputs.map((output, at) => classesOf(output, at, specs[wanted[at] ?? -1]?.datatype));
}

/**
 * Refuses tensors that are to be read from or written to shared memory. `field` names the tensor.
 * @throws ServiceError MALFORMED_REQUEST or SHARED_MEMORY_UNSUPPORTED.
 */
export function readTensorParameters(entries: readonly Uint8Array[], field: string): TensorParameters {
  const parameters = parametersOf(entries);
  for (const name of parameters.keys()) {
    if (!name.startsWith('shared_memory_')) continue;
    const problem = 'tensors travel in the message: there is no shared memory with this server';
    throw refuseField('SHARED_MEMORY_UNSUPPORTED', `${field}.parameters[${name}]`, problem);
  }
  return parameters;
}

function classesOf({ parameters }: RequestedOutput, at: number, datatype: Datatype | undefined): number {
  const value = readTensorParameters(parameters, `outputs[${at}]`).get('classification');
  if (value === undefined) return 0;
  const field = `outputs[${at}].parameters[classification]`;
  if (typeof value !== 'bigint' || value < 0n) {
    throw refuseField('PARAMETER_INVALID', field, 'classification takes a whole number that is not negative');
  }
  if (value > 0n && (datatype === undefined || !isClassifiable(datatype))) {
    throw refuseField(
      'PARAMETER_INVALID',
      field,
      `${datatype ?? 'the output'} cannot be sorted into classes`,
    );
  }
  return Number(value);
}

function parametersOf(entries: readonly Uint8Array[]): TensorParameters {
  try {
    return readParameters(entries);
  } catch (error) {
    throw asMalformed(error);
  }
}
