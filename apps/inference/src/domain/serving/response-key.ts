import { createHash } from 'node:crypto';
import type { ParameterValue } from '@plumbline/tensors';
import type { AdmittedRequest } from '../batching/admitted-request.ts';
import type { ModelSignature } from '../signature.ts';

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
 * order of inputs, outputs and parameters in the message nor the form of their elements counts. The elements follow a
 * JSON array with their lengths, which ends where it ends, so that no two requests are written alike.
 */
export function responseKey({ tenant, digest, signature, admitted, parameters }: CacheableRequest): string {
  const { inputs, shapes, outputs } = admitted;
  const head = [
    tenant,
    digest,
    signature.inputs.map(({ name, datatype }, at) => [name, datatype, shapes[at], inputs[at]?.length]),
    outputs.toSorted((left, right) => left - right),
    [...parameters].sort(([left], [right]) => (left < right ? -1 : 1)).map(parameterText),
  ];
  const hash = createHash('sha256').update(JSON.stringify(head));
  for (const raw of inputs) hash.update(raw);
  return hash.digest('base64');
}

/** As JSON has neither whole numbers of 64 bits nor NaN and −0. */
function parameterText([name, value]: readonly [string, ParameterValue]): readonly string[] {
  return [name, typeof value, Object.is(value, -0) ? '-0' : String(value)];
}
