import {
  checkTensor,
  decodeElements,
  parseInferResponse,
  rawOutputs,
  type Element,
} from '@plumbline/tensors';
import { rawUnary, type CallOptions, type Channel } from '@plumbline/rpc';
import type { InferenceResult } from '../domain/answer.ts';

const MODEL_INFER = 'inference.GRPCInferenceService/ModelInfer';

/** Runs an encoded ModelInferRequest on exactly this version; the request's own model name does not count. */
export async function runInference(
  channel: Channel,
  digest: string,
  request: Uint8Array,
  options: CallOptions,
): Promise<InferenceResult> {
  const { response, trailers } = await rawUnary(channel, MODEL_INFER, request, {
    ...options,
    metadata: { ...options.metadata, 'plumbline-model-digest': digest },
  });
  return {
    response,
    score: firstScore(response),
    batchSize: Number(trailers.get('plumbline-batch-size') ?? 0),
    invariance: trailers.get('plumbline-invariance') ?? '',
    replica: trailers.get('plumbline-replica') ?? '',
  };
}

/** The first element of the first output as a number; NaN where it has none. */
export function firstScore(response: Uint8Array): number {
  const first = outputsOf(response)[0]?.values[0];
  return first === undefined || first instanceof Uint8Array ? Number.NaN : Number(first);
}

/** The outputs of an encoded ModelInferResponse, decoded. */
export function outputsOf(
  response: Uint8Array,
): { readonly name: string; readonly values: readonly Element[] }[] {
  return rawOutputs(parseInferResponse(response)).map((tensor) => {
    checkTensor(tensor, `outputs.${tensor.name}`);
    return { name: tensor.name, values: decodeElements(tensor.datatype, tensor.raw) };
  });
}
