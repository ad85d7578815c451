import { FieldReader } from '@plumbline/wire';
import {
  append,
  readTensor,
  tensorSize,
  writeTensor,
  type TensorHeader,
  type TensorView,
} from './infer-tensor.ts';
import type { RawTensor } from './infer-request.ts';
import { readWire } from './tensor-error.ts';
import { fieldSize, WireWriter } from './wire-writer.ts';

/** A whole ModelInferResponse; all bytes are views of the message, at any alignment. */
export interface InferResponseView {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  readonly parameters: readonly Uint8Array[];
  readonly outputs: readonly TensorView[];
  /** One per output in their order, or none where the outputs carry typed contents. */
  readonly raw: readonly Uint8Array[];
}

export interface InferResponseInit {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  /** Map entries, as encodeParameters makes them. */
  readonly parameters?: readonly Uint8Array[];
  readonly outputs: readonly RawTensor[];
}

/**
 * Reads ModelInferResponse bytes without copying their tensors.
 * @throws TensorError for bytes that are no ModelInferResponse.
 */
export function parseInferResponse(message: Uint8Array): InferResponseView {
  return readWire(() => readResponse(new FieldReader(message)));
}

function readResponse(reader: FieldReader): InferResponseView {
  let modelName = '';
  let modelVersion = '';
  let id = '';
  const parameters: Uint8Array[] = [];
  const outputs: TensorView[] = [];
  const raw: Uint8Array[] = [];
  while (reader.next()) {
    if (reader.field === 6) append(raw, reader.bytes());
    else if (reader.field === 5) append(outputs, readTensor(reader.message()));
    else if (reader.field === 1) modelName = reader.string();
    else if (reader.field === 2) modelVersion = reader.string();
    else if (reader.field === 3) id = reader.string();
    else if (reader.field === 4) append(parameters, reader.bytes());
    else reader.skip();
  }
  return { modelName, modelVersion, id, parameters, outputs, raw };
}

/** The bytes of a ModelInferResponse with raw tensors; each tensor is copied once. */
export function buildInferResponse(init: InferResponseInit): Buffer {
  const layout = layOut(init);
  const writer = new WireWriter(layout.size);
  writeResponse(writer, init, layout);
  return writer.buffer;
}

/** The bytes of a ModelStreamInferResponse that carries this answer. */
export function buildStreamAnswer(init: InferResponseInit): Buffer {
  const layout = layOut(init);
  const writer = new WireWriter(fieldSize(layout.size));
  writer.delimited(2, layout.size);
  writeResponse(writer, init, layout);
  return writer.buffer;
}

/**
 * The bytes of a ModelStreamInferResponse that tells the failure of one request. `request` says which one it was; its
 * message is there even where nothing of the request is known.
 */
export function buildStreamFailure(message: string, request: Omit<InferResponseInit, 'outputs'>): Buffer {
  const response: InferResponseInit = { ...request, outputs: [] };
  const layout = layOut(response);
  const messageSize = Buffer.byteLength(message);
  const writer = new WireWriter(fieldSize(messageSize) + fieldSize(layout.size));
  writer.text(1, message, messageSize);
  writer.delimited(2, layout.size);
  writeResponse(writer, response, layout);
  return writer.buffer;
}

interface Layout {
  /** Of model name, model version and id. */
  readonly textSizes: readonly number[];
  readonly outputSizes: readonly number[];
  readonly size: number;
}

function layOut(init: InferResponseInit): Layout {
  const textSizes = textsOf(init).map((text) => Buffer.byteLength(text));
  const outputSizes = init.outputs.map((output: TensorHeader) => tensorSize(output));
  let size = 0;
  for (const textSize of textSizes) size += textSize === 0 ? 0 : fieldSize(textSize);
  if (init.parameters !== undefined) for (const entry of init.parameters) size += fieldSize(entry.length);
  for (const outputSize of outputSizes) size += fieldSize(outputSize);
  for (const output of init.outputs) size += fieldSize(output.raw.length);
  return { textSizes, outputSizes, size };
}

function writeResponse(writer: WireWriter, init: InferResponseInit, layout: Layout): void {
  textsOf(init).forEach((text, index) => {
    if (text !== '') writer.text(index + 1, text, layout.textSizes[index] ?? 0);
  });
  if (init.parameters !== undefined) for (const entry of init.parameters) writer.bytes(4, entry);
  init.outputs.forEach((output, index) => writeTensor(writer, 5, output, layout.outputSizes[index] ?? 0));
  for (const output of init.outputs) writer.bytes(6, output.raw);
}

function textsOf({ modelName, modelVersion, id }: InferResponseInit): readonly string[] {
  return [modelName, modelVersion, id];
}
