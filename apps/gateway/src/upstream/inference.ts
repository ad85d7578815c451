import { rawUnary, type CallOptions, type Channel } from '@plumbline/rpc';
import { EXECUTION_TRAILER, parseExecution } from '@plumbline/traffic';
import type { InferenceResult } from '../domain/answer.ts';
import { firstScore } from '../domain/outputs.ts';

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
  const { batchRows, invariance, invarianceRows, replica } = parseExecution(trailers.get(EXECUTION_TRAILER));
  const score = firstScore(response);
  return { response, score, batchSize: batchRows, invariance, invarianceRows, replica };
}
