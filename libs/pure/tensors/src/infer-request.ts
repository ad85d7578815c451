import { FieldReader } from '@plumbline/wire';
import {
  append,
  readTensor,
  tensorSize,
  writeTensor,
  type TensorHeader,
  type TensorView,
} from './infer-tensor.ts';
import { readWire } from './tensor-error.ts';
import { fieldSize, WireWriter } from './wire-writer.ts';

/** What a router needs of a ModelInferRequest; no tensor has been looked at. */
export interface InferRequestHead {
  readonly modelName: string;
  readonly modelVersion: string;
  readonly id: string;
  /** Map entries for readParameters, views of the message. */
  readonly parameters: readonly Uint8Array[];
}

/** A requested output. */
export interface RequestedOutput {
  readonly name: string;
  readonly parameters: readonly Uint8Array[];
}

/** A whole ModelInferRequest; all bytes are views of the message, at any alignment. */
export interface InferRequestView extends InferRequestHead {
  readonly inputs: readonly TensorView[];
  /** Outputs asked for; none means all. */
  readonly outputs: readonly RequestedOutput[];
  /** One per input in their order, or none where the inputs carry typed contents. */
  readonly raw: readonly Uint8Array[];
}

/** A tensor to send: header and raw little-endian elements. */
export interface RawTensor extends TensorHeader {
  readonly raw: Uint8Array;
}

/** What buildInferRequest writes; absent strings are left out of the message. */
export interface InferRequestInit {
  readonly modelName: string;
  readonly modelVersion?: string;
  readonly id?: string;
  readonly inputs: readonly RawTensor[];
  readonly outputs?: readonly string[];
}

/**
 * Reads name, version, id and parameters of ModelInferRequest bytes and passes over the tensors: O(fields), no
 * copies. A repeated scalar field counts as its last occurrence, as protobuf prescribes.
 * @throws TensorError for bytes that are no protobuf message.
 */
export function scanInferRequest(message: Uint8Array): InferRequestHead {
  return readWire(() => readHead(new FieldReader(message)));
}

function readHead(reader: FieldReader): InferRequestHead {
  let modelName = '';
  let modelVersion = '';
  let id = '';
  const parameters: Uint8Array[] = [];
  while (reader.next()) {
    if (reader.field === 1) modelName = reader.string();
    else if (reader.field === 2) modelVersion = reader.string();
    else if (reader.field === 3) id = reader.string();
    else if (reader.field === 4) append(parameters, reader.bytes());
    else reader.skip();
  }
  return { modelName, modelVersion, id, parameters };
}

/**
 * Reads a whole ModelInferRequest without copying its tensors. Shapes are as sent: check them.
 * @throws TensorError for bytes that are no ModelInferRequest.
 */
export function parseInferRequest(message: Uint8Array): InferRequestView {
  return readWire(() => readRequest(new FieldReader(message)));
}

function readRequest(reader: FieldReader): InferRequestView {
  let modelName = '';
  let modelVersion = '';
  let id = '';
  const parameters: Uint8Array[] = [];
  const inputs: TensorView[] = [];
  const outputs: RequestedOutput[] = [];
  const raw: Uint8Array[] = [];
  while (reader.next()) {
    if (reader.field === 7) append(raw, reader.bytes());
    else if (reader.field === 5) append(inputs, readTensor(reader.message()));
    else if (reader.field === 1) modelName = reader.string();
    else if (reader.field === 2) modelVersion = reader.string();
    else if (reader.field === 3) id = reader.string();
    else if (reader.field === 4) append(parameters, reader.bytes());
    else if (reader.field === 6) append(outputs, readRequestedOutput(reader.message()));
    else reader.skip();
  }
  return { modelName, modelVersion, id, parameters, inputs, outputs, raw };
}

/** The bytes of a ModelInferRequest with raw tensors; each tensor is copied once. */
export function buildInferRequest(init: InferRequestInit): Buffer {
  return inferRequestTemplate(
    init,
    init.inputs,
    init.outputs,
  )(
    init.inputs.map((input) => input.raw),
    init.id,
  );
}

/**
 * For many requests of one form: everything but the elements and the id is encoded once. The returned function
 * takes the raw elements of each input, in the order of `inputs`, and builds one request.
 */
export function inferRequestTemplate(
  model: { readonly modelName: string; readonly modelVersion?: string },
  inputs: readonly TensorHeader[],
  outputs: readonly string[] = [],
): (raw: readonly Uint8Array[], id?: string) => Buffer {
  const prefix = encodePrefix(model.modelName, model.modelVersion ?? '', inputs, outputs);
  return (raw, id = '') => {
    const idSize = Buffer.byteLength(id);
    let size = prefix.length + (idSize === 0 ? 0 : fieldSize(idSize));
    for (const elements of raw) size += fieldSize(elements.length);
    const writer = new WireWriter(size);
    writer.raw(prefix);
    if (idSize > 0) writer.text(3, id, idSize);
    for (const elements of raw) writer.bytes(7, elements);
    return writer.buffer;
  };
}

function encodePrefix(
  modelName: string,
  modelVersion: string,
  inputs: readonly TensorHeader[],
  outputs: readonly string[],
): Buffer {
  const texts = [modelName, modelVersion].map((text) => Buffer.from(text));
  const inputSizes = inputs.map(tensorSize);
  const outputNames = outputs.map((name) => Buffer.from(name));
  let size = 0;
  for (const text of texts) size += text.length === 0 ? 0 : fieldSize(text.length);
  for (const inputSize of inputSizes) size += fieldSize(inputSize);
  for (const name of outputNames) size += fieldSize(fieldSize(name.length));
  const writer = new WireWriter(size);
  texts.forEach((text, index) => {
    if (text.length > 0) writer.bytes(index + 1, text);
  });
  inputs.forEach((input, index) => writeTensor(writer, 5, input, inputSizes[index] ?? 0));
  for (const name of outputNames) {
    writer.delimited(6, fieldSize(name.length));
    writer.bytes(1, name);
  }
  return writer.buffer;
}

function readRequestedOutput(reader: FieldReader): RequestedOutput {
  let name = '';
  const parameters: Uint8Array[] = [];
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) append(parameters, reader.bytes());
    else reader.skip();
  }
  return { name, parameters };
}
