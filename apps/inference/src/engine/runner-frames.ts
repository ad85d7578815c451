import { elementCount, isDatatype } from '@plumbline/tensors';
import { align } from '../domain/runners/batch-buffer.ts';
import type { BatchOutput } from '../domain/runners/runner.ts';
import type { ModelSignature, TensorSpec } from '../domain/signature.ts';
import { FrameError, MAX_BODY_BYTES, type Frame } from './frames.ts';
import { OPEN_REFUSALS, type FromRunner, type OpenRefusal, type ToRunner } from './protocol.ts';
import type { ToldTimes } from './run-times.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A message for a frame: what is JSON, and the bytes. */
export interface Packed {
  readonly head: object;
  readonly body: readonly Uint8Array[];
}

/** Of a batch only the inputs travel: what follows them is room for outputs. */
export function packRequest(message: ToRunner): Packed {
  if (message.kind !== 'run') return { head: message, body: [] };
  const { buffer, ...rest } = message;
  const usedBytes = Math.max(0, ...rest.inputs.map(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes));
  const head = { ...rest, bufferBytes: buffer.byteLength };
  return { head, body: [new Uint8Array(buffer, 0, usedBytes)] };
}

/** Read by the runner, from the process that started it. */
export function unpackRequest({ head, body }: Frame): ToRunner {
  const message = head as ToRunner & { readonly bufferBytes?: number };
  if (message.kind !== 'run') return message;
  const outputs = message.outputs.map((region) => region ?? undefined);
  return {
    ...message,
    outputs,
    buffer: body.byteLength === message.bufferBytes ? body : body.transfer(message.bufferBytes),
  };
}

/** Outputs lie in the body as in a batch buffer, so that any typed array may look at them. */
export function packAnswer(message: FromRunner): Packed {
  if (message.kind !== 'ran') return { head: message, body: [] };
  const outputs = message.outputs.map(({ shape, raw }) => ({ shape, sizeBytes: raw.length }));
  const body = message.outputs.flatMap(({ raw }) => [raw, new Uint8Array(align(raw.length) - raw.length)]);
  return { head: { ...message, outputs }, body };
}

/** Where an answer's body lies in the exchange; undefined where the frame itself has it. @throws FrameError */
export function placementOf(head: unknown): { readonly id: number; readonly sizeBytes: number } | undefined {
  const fields = fieldsOf(head);
  if (fields['placedBytes'] === undefined) return undefined;
  const sizeBytes = countOf(fields, 'placedBytes');
  if (sizeBytes > MAX_BODY_BYTES) throw new FrameError(`an answer of ${sizeBytes} bytes`);
  return { id: countOf(fields, 'id'), sizeBytes };
}

/**
 * Read by the service, from a process that a hostile model may have taken over: nothing is taken for granted.
 * @throws FrameError
 */
export function unpackAnswer({ head, body }: Frame): FromRunner {
  const fields = fieldsOf(head);
  switch (fields['kind']) {
    case 'opened':
      return { kind: 'opened', signature: signatureOf(fields), memoryBytes: countOf(fields, 'memoryBytes') };
    case 'refused':
      return { kind: 'refused', reason: refusalOf(fields['reason']), detail: textOf(fields, 'detail') };
    case 'ran': {
      const outputs = outputsOf(listOf(fields, 'outputs'), body);
      return { kind: 'ran', id: countOf(fields, 'id'), outputs, ...toldTimesOf(fields) };
    }
    case 'failed':
      return { kind: 'failed', id: countOf(fields, 'id'), detail: textOf(fields, 'detail') };
    default:
      throw new FrameError('a message of no known kind');
  }
}

function outputsOf(list: readonly unknown[], body: ArrayBuffer): BatchOutput[] {
  let at = 0;
  return list.map((each) => {
    const fields = fieldsOf(each);
    const sizeBytes = countOf(fields, 'sizeBytes');
    if (at + sizeBytes > body.byteLength) throw new FrameError('outputs reach past the end of their frame');
    const raw = new Uint8Array(body, at, sizeBytes);
    at += align(sizeBytes);
    return { shape: shapeOf(fields, 0), raw };
  });
}

function toldTimesOf(fields: Fields): ToldTimes {
  const [startedUs, inputUs] = [countOf(fields, 'startedUs'), countOf(fields, 'inputUs')];
  return { startedUs, inputUs, inferUs: countOf(fields, 'inferUs') };
}

function signatureOf(fields: Fields): ModelSignature {
  const signature = fieldsOf(fields['signature']);
  const specs = (side: string) => listOf(signature, side).map(specOf);
  return { inputs: specs('inputs'), outputs: specs('outputs') };
}

function specOf(each: unknown): TensorSpec {
  const fields = fieldsOf(each);
  const datatype = textOf(fields, 'datatype');
  if (!isDatatype(datatype)) throw new FrameError('a tensor of no known datatype');
  const spec = { name: textOf(fields, 'name'), datatype, shape: shapeOf(fields, -1) };
  return fields['labels'] === undefined ? spec : { ...spec, labels: labelsOf(fields) };
}

function labelsOf(fields: Fields): readonly string[] {
  const labels = listOf(fields, 'labels');
  if (labels.every((label) => typeof label === 'string')) return labels;
  throw new FrameError('a label that is no text');
}

/** @param least the smallest size of a dimension; −1 stands for any. */
function shapeOf(fields: Fields, least: number): number[] {
  const shape = listOf(fields, 'shape');
  const sized = shape.map((dimension) => (dimension === least ? 0 : dimension));
  if (!sized.every(Number.isSafeInteger) || Number.isNaN(elementCount(sized as number[]))) {
    throw new FrameError('a shape of other than whole numbers');
  }
  return shape as number[];
}

function refusalOf(reason: unknown): OpenRefusal {
  const known = OPEN_REFUSALS.find((each) => each === reason);
  if (known === undefined) throw new FrameError('a refusal of no known reason');
  return known;
}

function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null) throw new FrameError('something that has no fields');
  return value as Fields;
}

function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new FrameError(`${name} is no list`);
  return value;
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new FrameError(`${name} is no text`);
  return value;
}

function countOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new FrameError(`${name} is no count`);
  return value as number;
}
