import {
  checkTensor,
  elementCount,
  elementSizeBytes,
  formatShape,
  shapeFits,
  TensorError,
} from '@plumbline/tensors';
import { configFault } from '../settings/config-fault.ts';
import { errors } from '../errors.ts';
import { madeNumbers, smallNumber } from './made-numbers.ts';
import type { Warmup, WarmupInput } from '../settings/model-config.ts';
import { probe, type ProbeInputs } from '../runners/probe.ts';
import { RunFailed, type Runner } from '../runners/runner.ts';
import type { ModelSignature, TensorSpec } from '../signature.ts';

/** Of what a configuration makes up: dims there can ask for any size. */
const MAX_ELEMENTS = 2 ** 26;

/**
 * Runs the requests that a configuration wants run before others, on every runner.
 * @param files contents of the folder `warmup`, by path in the model's folder.
 * @throws ServiceError MODEL_CONFIG_INVALID naming the field, or MODEL_WARMUP_FAILED.
 */
export async function warmUp(
  runners: readonly Runner[],
  warmups: readonly Warmup[],
  signature: ModelSignature,
  rowed: boolean,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  for (const [index, warmup] of warmups.entries()) {
    const inputs = warmupInputs(warmup, index, signature, rowed, files);
    await Promise.all(runners.map((runner) => run(runner, inputs, rowed, warmup)));
  }
}

async function run(
  runner: Runner,
  inputs: ProbeInputs,
  rowed: boolean,
  { name, times }: Warmup,
): Promise<void> {
  try {
    for (let time = 0; time < times; time++) await probe(runner, inputs, rowed);
  } catch (error) {
    if (!(error instanceof RunFailed)) throw error;
    throw errors.MODEL_WARMUP_FAILED(`the warmup "${name}" cannot be run: ${error.message}`, {
      cause: error,
    });
  }
}

function warmupInputs(
  warmup: Warmup,
  index: number,
  { inputs }: ModelSignature,
  rowed: boolean,
  files: ReadonlyMap<string, Uint8Array>,
): ProbeInputs {
  const field = `model_warmup[${index}]`;
  for (const name of warmup.inputs.keys()) {
    if (!inputs.some((spec) => spec.name === name)) {
      throw configFault(`${field}.inputs["${name}"]`, 'is no input of the model');
    }
  }
  const tensors = inputs.map((spec) => {
    const given = warmup.inputs.get(spec.name);
    if (given === undefined) throw configFault(`${field}.inputs`, `has no "${spec.name}"`);
    const shape = rowed ? [warmup.rows, ...given.dims] : given.dims;
    const path = `${field}.inputs["${spec.name}"]`;
    checkShape(given, shape, spec, path);
    const raw = dataOf(given, shape, files, path);
    try {
      checkTensor({ name: spec.name, datatype: spec.datatype, shape, raw }, spec.name);
    } catch (error) {
      throw error instanceof TensorError ? configFault(path, error.message) : error;
    }
    return { shape, raw };
  });
  return { shapes: tensors.map(({ shape }) => shape), raw: tensors.map(({ raw }) => raw) };
}

function checkShape(given: WarmupInput, shape: readonly number[], spec: TensorSpec, path: string): void {
  if (given.datatype !== spec.datatype) {
    throw configFault(`${path}.data_type`, `is ${given.datatype}, not ${spec.datatype}`);
  }
  const count = elementCount(shape);
  if (Number.isNaN(count) || !shapeFits(spec.shape, shape)) {
    const due = formatShape(spec.shape);
    throw configFault(`${path}.dims`, `makes ${formatShape(shape)} where the model takes ${due}`);
  }
  if (count > MAX_ELEMENTS) throw configFault(`${path}.dims`, `makes more than ${MAX_ELEMENTS} elements`);
}

function dataOf(
  { data, datatype }: WarmupInput,
  shape: readonly number[],
  files: ReadonlyMap<string, Uint8Array>,
  path: string,
): Uint8Array {
  if (data.kind === 'file') {
    const bytes = files.get(`warmup/${data.name}`);
    if (bytes === undefined)
      throw configFault(`${path}.input_data_file`, `names "${data.name}", which is not there`);
    return bytes;
  }
  const count = elementCount(shape);
  if (datatype === 'BYTES') return new Uint8Array(count * 4);
  const raw = new Uint8Array(count * elementSizeBytes(datatype));
  if (data.kind === 'random') fillRandom(raw, datatype);
  return raw;
}

/** Numbers from −2 to 2, the same at every load; whole ones are 0 or 1, which index even the smallest table. */
function fillRandom(raw: Uint8Array, datatype: TensorSpec['datatype']): void {
  const view = new DataView(raw.buffer);
  const size = elementSizeBytes(datatype);
  const next = madeNumbers();
  for (let at = 0; at < raw.length; at += size) {
    const value = smallNumber(next);
    if (datatype === 'FP32') view.setFloat32(at, value, true);
    else if (datatype === 'FP64') view.setFloat64(at, value, true);
    else if (datatype === 'FP16') view.setFloat16(at, value, true);
    else view.setUint8(at, value < 0 ? 0 : 1);
  }
}
