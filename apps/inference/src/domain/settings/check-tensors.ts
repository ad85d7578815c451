import { formatShape, type Shape } from '@plumbline/tensors';
import type { ModelSignature, TensorSpec } from '../signature.ts';
import { configFault } from './config-fault.ts';
import type { ModelConfig, TensorConfig } from './model-config.ts';

/**
 * Holds what a configuration declares of inputs and outputs against the model.
 * @param rowed whether the leading dimension of every tensor is the batch dimension, which dims and reshape leave out.
 * @throws ServiceError MODEL_CONFIG_INVALID naming the field that contradicts the model.
 */
export function checkTensors(config: ModelConfig, model: ModelSignature, rowed: boolean): void {
  config.inputs.forEach((tensor, index) => checkTensor(tensor, model.inputs, rowed, `input[${index}]`));
  config.outputs.forEach((tensor, index) => checkTensor(tensor, model.outputs, rowed, `output[${index}]`));
  if (config.inputs.length === 0) return;
  const undeclared = model.inputs.find(({ name }) => !config.inputs.some((input) => input.name === name));
  if (undeclared !== undefined) {
    throw configFault('input', `does not declare "${undeclared.name}", which the model takes`);
  }
}

function checkTensor(
  { name, datatype, dims, reshape }: TensorConfig,
  model: readonly TensorSpec[],
  rowed: boolean,
  field: string,
): void {
  const own = model.find((spec) => spec.name === name);
  if (own === undefined) {
    const names = model.map((spec) => `"${spec.name}"`).join(', ');
    throw configFault(`${field}.name`, `is "${name}"; the model has ${names}`);
  }
  if (own.datatype !== datatype) {
    throw configFault(`${field}.data_type`, `is ${datatype}; "${name}" of the model is ${own.datatype}`);
  }
  const due = rowed ? own.shape.slice(1) : own.shape;
  const shape = reshape ?? dims;
  if (fits(shape, due)) return;
  const where = rowed ? ' after the batch dimension' : '';
  throw configFault(
    reshape === undefined ? `${field}.dims` : `${field}.reshape.shape`,
    `is ${formatShape(shape)}; "${name}" of the model has ${formatShape(due)}${where}`,
  );
}

function fits(dims: Shape, due: Shape): boolean {
  return dims.length === due.length && dims.every((size, axis) => due[axis] === -1 || due[axis] === size);
}
