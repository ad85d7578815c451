import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { GRPCInferenceService, ModelInferRequestSchema } from '@plumbline/contract-oip';
import { rawUnary, type CallOptions } from '@plumbline/rpc';
import {
  decodeElements,
  encodeElements,
  isDatatype,
  parseInferResponse,
  rawOutputs,
  type Datatype,
  type Element,
  type RawTensor,
} from '@plumbline/tensors';
import { Failure } from '../suite/outcome.ts';
import type { Target } from './target.ts';

export type InferRequest = MessageInitShape<typeof ModelInferRequestSchema>;

/** A tensor to send: elements, or raw bytes of any length. */
export interface Input {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly raw: Uint8Array;
}

/** An answer with its outputs in the order they came. */
export interface Answer {
  readonly model: string;
  readonly version: string;
  readonly id: string;
  readonly outputs: readonly RawTensor[];
}

export function input(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  elements: readonly Element[],
): Input {
  return { name, datatype, shape, raw: encodeElements(datatype, elements) };
}

/** A request whose inputs travel raw. */
export function request(model: string, inputs: readonly Input[], more: InferRequest = {}): InferRequest {
  return {
    modelName: model,
    inputs: inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map(BigInt) })),
    rawInputContents: inputs.map(({ raw }) => raw),
    ...more,
  };
}

/** Calls ModelInfer. Answers whose outputs are typed are read like raw ones. @throws ServiceError */
export async function infer(target: Target, init: InferRequest, options: CallOptions = {}): Promise<Answer> {
  const bytes = toBinary(ModelInferRequestSchema, create(ModelInferRequestSchema, init));
  return readAnswer(await callBytes(target, 'ModelInfer', bytes, options));
}

/** Calls any method of the service with the bytes of a message, well-formed or not. */
export async function callBytes(
  target: Target,
  method: string,
  bytes: Uint8Array,
  options: CallOptions = {},
): Promise<Buffer> {
  const path = `${GRPCInferenceService.typeName}/${method}`;
  return (await rawUnary(target.channel, path, bytes, options)).response;
}

/** Reads a serialised ModelInferResponse. */
export function readAnswer(bytes: Uint8Array): Answer {
  const view = parseInferResponse(bytes);
  return {
    model: view.modelName,
    version: view.modelVersion,
    id: view.id,
    outputs: rawOutputs(view),
  };
}

/** The output of this name. @throws Failure where there is none. */
export function outputOf(answer: Answer, name: string): RawTensor {
  const output = answer.outputs.find((candidate) => candidate.name === name);
  if (output === undefined) throw new Failure(`the answer has no output ${name}`);
  return output;
}

/** The elements of an output. @throws Failure for a datatype that the protocol does not have. */
export function elementsOf(output: RawTensor): Element[] {
  if (!isDatatype(output.datatype)) throw new Failure(`"${output.datatype}" is no datatype`);
  return decodeElements(output.datatype, output.raw);
}

/** A call that is awaited later, if at all: its failure may come before that, or never matter. */
export function begun<T>(call: Promise<T>): Promise<T> {
  call.catch(() => undefined);
  return call;
}
