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
  const texts = [init.modelName, init.modelVersion, init.id];
  const textSizes = texts.map((text) => Buffer.byteLength(text));
  const sizes = init.outputs.map((output: TensorHeader) => tensorSize(output));
  let size = 0;
  for (const textSize of textSizes) size += textSize === 0 ? 0 : fieldSize(textSize);
  for (const outputSize of sizes) size += fieldSize(outputSize);
  for (const output of init.outputs) size += fieldSize(output.raw.length);
  const writer = new WireWriter(size);
  texts.forEach((text, index) => {
    if (text !== '') writer.text(index + 1, text, textSizes[index] ?? 0);
  });
  init.outputs.forEach((output, index) => writeTensor(writer, 5, output, sizes[index] ?? 0));
  for (const output of init.outputs) writer.bytes(6, output.raw);
  return writer.buffer;
}
