import { ServiceError } from '@plumbline/errors';
import type { CallContext, RawStreamHandler } from '@plumbline/rpc';
import {
  buildStreamAnswer,
  buildStreamFailure,
  encodeParameters,
  type InferRequestView,
} from '@plumbline/tensors';
import { asReady, type AnswerOne } from '../domain/serving/as-ready.ts';
import type { OpenBounds } from '../domain/serving/open-requests.ts';
import { answerCall, readRequest, type CallOptions } from './answer-call.ts';

export interface ModelStreamInferOptions extends CallOptions {
  /** Of each stream. */
  readonly bounds: OpenBounds;
  /** Fires when the server shuts down: streams then end with its reason, as soon as what they have is answered. */
  readonly draining: AbortSignal;
}

/** Every request has one answer, so that each is the last of its request. */
const FINAL = encodeParameters(new Map([['triton_final_response', true]]));

/**
 * ModelStreamInfer on bytes: requests run as they come, side by side, and are answered as they are ready. What fails is
 * told in band, unless the call asks for a status, which then ends the stream.
 */
export function modelStreamInfer(options: ModelStreamInferOptions): RawStreamHandler {
  return (requests, context) => {
    const inBand = context.requestMetadata.get('triton_grpc_error') !== 'true';
    const answer: AnswerOne = (request, own) => answerItem(request, context, own, options);
    const { bounds, draining } = options;
    const { signal } = context;
    return asReady(requests, inBand ? tellingFailures(answer, context) : answer, {
      bounds,
      signal,
      draining,
    });
  };
}

async function answerItem(
  request: Buffer,
  context: CallContext,
  signal: AbortSignal,
  options: CallOptions,
): Promise<Buffer> {
  return answerCall(readRequest(request), context, signal, options, ({ response }) =>
    buildStreamAnswer({ ...response, parameters: FINAL }),
  );
}

function tellingFailures(answer: AnswerOne, context: CallContext): AnswerOne {
  return async (request, signal) => {
    try {
      return await answer(request, signal);
    } catch (error) {
      return buildStreamFailure(messageOf(error, context), { ...nameOf(request), parameters: FINAL });
    }
  };
}

/** Beginning with the reason, which has no other place in band. */
function messageOf(error: unknown, { log }: CallContext): string {
  if (error instanceof ServiceError) return `${error.reason}: ${error.message}`;
  log.error({ error }, 'a request of a stream failed unexpectedly');
  return 'INTERNAL: internal error';
}

/** As far as the bytes can be read. */
function nameOf(request: Buffer): Pick<InferRequestView, 'modelName' | 'modelVersion' | 'id'> {
  try {
    const { modelName, modelVersion, id } = readRequest(request);
    return { modelName, modelVersion, id };
  } catch {
    return { modelName: '', modelVersion: '', id: '' };
  }
}
