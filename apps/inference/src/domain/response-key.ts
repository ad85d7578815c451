import { createHash, type Hash } from 'node:crypto';
import type { ParameterValue } from '@plumbline/tensors';
import type { AdmittedRequest } from './admit-request.ts';
import type { ModelSignature } from './signature.ts';

/** All that a model's answer follows from. Classes are made of its outputs afterwards. */
export interface CacheableRequest {
  readonly tenant: string;
  /** Of the version. */
  readonly digest: string;
  readonly signature: ModelSignature;
  readonly admitted: AdmittedRequest;
  readonly parameters: ReadonlyMap<string, ParameterValue>;
}

/**
 * SHA-256 over a request, equal for two requests exactly when everything is that the answer follows from: neither the
 * order of inputs, outputs and parameters in the message nor the form of their elements counts. Every part is written
 * with its length or its number, so that no two requests are written alike.
 */
export function responseKey(request: CacheableRequest): string {
  const hash = createHash('sha256');
  writeText(hash, request.tenant);
  writeText(hash, request.digest);
  writeInputs(hash, request);
  writeOutputs(hash, request);
  writeParameters(hash, request.parameters);
  return hash.digest('base64');
}

function writeInputs(hash: Hash, { signature, admitted }: CacheableRequest): void {
  writeNumbers(hash, [signature.inputs.length]);
  signature.inputs.forEach(({ name, datatype }, index) => {
    const shape = admitted.shapes[index] ?? [];
    writeText(hash, name);
    writeText(hash, datatype);
    writeNumbers(hash, [shape.length, ...shape]);
    writeBytes(hash, admitted.inputs[index] ?? new Uint8Array(0));
  });
}

function writeOutputs(hash: Hash, { admitted }: CacheableRequest): void {
  const wanted = admitted.outputs.toSorted((left, right) => left - right);
  writeNumbers(hash, [wanted.length, ...wanted]);
}

function writeParameters(hash: Hash, parameters: ReadonlyMap<string, ParameterValue>): void {
  const sorted = [...parameters].sort(([left], [right]) => (left < right ? -1 : 1));
  writeNumbers(hash, [sorted.length]);
  for (const [name, value] of sorted) {
    writeText(hash, name);
    writeText(hash, typeof value);
    writeText(hash, Object.is(value, -0) ? '-0' : String(value));
  }
}

function writeText(hash: Hash, text: string): void {
  writeBytes(hash, Buffer.from(text));
}

function writeBytes(hash: Hash, bytes: Uint8Array): void {
  writeNumbers(hash, [bytes.length]);
  hash.update(bytes);
}

function writeNumbers(hash: Hash, numbers: readonly number[]): void {
  hash.update(new Float64Array(numbers));
}
