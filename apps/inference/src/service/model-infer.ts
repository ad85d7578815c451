import type { CallContext, RawHandler } from '@plumbline/rpc';
import { buildInferResponse } from '@plumbline/tensors';
import { answerCall, readRequest, type AnsweredCall, type CallOptions } from './answer-call.ts';

export interface ModelInferOptions extends CallOptions {
  readonly replicaId: string;
}

/** ModelInfer on bytes: the request is neither decoded nor copied before its rows go into a batch. */
export function modelInfer(options: ModelInferOptions): RawHandler {
  return async (request, context) => {
    const answered = await answerCall(readRequest(request), context, context.signal, options);
    setTrailers(context, answered, options.replicaId);
    return buildInferResponse(answered.response);
  };
}

function setTrailers(
  { responseTrailers: trailers }: CallContext,
  { found, answer }: AnsweredCall,
  replicaId: string,
): void {
  trailers.set('plumbline-model-digest', found.serving.digest);
  trailers.set('plumbline-invariance', found.serving.invariance.class);
  trailers.set('plumbline-batch-size', String(answer.batchRows));
  trailers.set('plumbline-queue-us', String(answer.queueUs));
  trailers.set('plumbline-infer-us', String(answer.inferUs));
  trailers.set('plumbline-replica', replicaId);
}
