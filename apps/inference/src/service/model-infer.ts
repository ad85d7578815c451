import type { RawHandler } from '@plumbline/rpc';
import { buildInferResponse } from '@plumbline/tensors';
import { EXECUTION_TRAILER, formatExecution } from '@plumbline/traffic';
import { answerCall, readRequest, type AnsweredCall, type CallOptions } from './answer-call.ts';

export interface ModelInferOptions extends CallOptions {
  readonly replicaId: string;
}

/** ModelInfer on bytes: the request is neither decoded nor copied before its rows go into a batch. */
export function modelInfer(options: ModelInferOptions): RawHandler {
  return (request, context) =>
    answerCall(readRequest(request), context, undefined, options, (answered) => {
      context.responseTrailers.set(EXECUTION_TRAILER, executionOf(answered, options.replicaId));
      return buildInferResponse(answered.response);
    });
}

function executionOf({ found, answer }: AnsweredCall, replica: string): string {
  const { digest, invariance, pinnedRows } = found.serving;
  return formatExecution({
    ...answer,
    digest,
    invariance: invariance.class,
    invarianceRows: pinnedRows,
    replica,
  });
}
