import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  isDatatype,
  parseInferResponse,
  rawOutputs,
  readParameters,
  type ParameterValue,
  type RawTensor,
} from '@plumbline/tensors';
import { restErrors } from '../errors.ts';
import { exactNumber } from '../json/exact-number.ts';
import { tensorText } from '../json/tensor-text.ts';
import type { Parameters } from '../json/fields.ts';
import type { RestOutput } from './infer-request.ts';
import { JsonParts } from './json-parts.ts';

/** Which outputs go out as binary data, and how much JSON they may take otherwise. */
export interface AnswerForm {
  readonly outputs: readonly RestOutput[];
  readonly binaryOutputs: boolean;
  readonly maxJsonBytes: number;
}

export interface InferAnswer {
  readonly body: Buffer;
  /** For Inference-Header-Content-Length; undefined where all of the body is JSON. */
  readonly jsonBytes: number | undefined;
}

/**
 * The body of an answer, of ModelInferResponse bytes: outputs in the order of the response, binary data behind the
 * JSON. Large JSON tensors are written a slice per turn of the event loop.
 *
 * @throws ServiceError OUTPUT_NOT_TEXT, ANSWER_TOO_LARGE
 */
export async function writeResponse(message: Buffer, form: AnswerForm): Promise<InferAnswer> {
  const response = parseInferResponse(message);
  const json = new JsonParts(form.maxJsonBytes);
  const binary: Uint8Array[] = [];
  json.add(`${headText(response, readParameters(response.parameters))},"outputs":[`);
  for (const [index, tensor] of rawOutputs(response).entries()) {
    const parameters = readParameters(response.outputs[index]?.parameters ?? []);
    if (index > 0) json.add(',');
    if (isBinary(tensor.name, form)) {
      const size = new Map(parameters).set('binary_data_size', BigInt(tensor.raw.length));
      json.add(`${tensorHeadText(tensor, size)}}`);
      binary.push(tensor.raw);
    } else {
      json.add(`${tensorHeadText(tensor, parameters)},"data":[`);
      await addSlices(json, tensor);
      json.add(']}');
    }
  }
  json.add(']}');
  json.flush();
  const body = Buffer.concat([...json.buffers, ...binary]);
  return { body, jsonBytes: binary.length === 0 ? undefined : json.bytes };
}

async function addSlices(json: JsonParts, { name, datatype, raw }: RawTensor): Promise<void> {
  if (!isDatatype(datatype)) throw restErrors.OUTPUT_NOT_TEXT(`the output "${name}" is ${datatype}`);
  let first = true;
  for (const slice of tensorText(datatype, raw, name)) {
    if (!first) await nextTurn();
    first = false;
    json.add(slice);
  }
}

function isBinary(name: string, { outputs, binaryOutputs }: AnswerForm): boolean {
  return outputs.find((output) => output.name === name)?.binary ?? binaryOutputs;
}

/** The response's object but for its outputs, still open. */
function headText(
  { id, modelName, modelVersion }: { id: string; modelName: string; modelVersion: string },
  parameters: Parameters,
): string {
  const head = {
    ...(id === '' ? {} : { id }),
    model_name: modelName,
    ...(modelVersion === '' ? {} : { model_version: modelVersion }),
    ...parametersJson(parameters),
  };
  return JSON.stringify(head).slice(0, -1);
}

/** An output's object but for its data, still open. */
function tensorHeadText({ name, datatype, shape }: RawTensor, parameters: Parameters): string {
  return JSON.stringify({ name, datatype, shape, ...parametersJson(parameters) }).slice(0, -1);
}

function parametersJson(parameters: Parameters): object {
  if (parameters.size === 0) return {};
  const entries = [...parameters].map(([key, value]) => [key, parameterJson(value)]);
  return { parameters: Object.fromEntries(entries) as object };
}

function parameterJson(value: ParameterValue): unknown {
  if (typeof value === 'bigint') return exactNumber(value);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
