import { requireTenant, type CallContext } from '@plumbline/rpc';
import {
  parseInferRequest,
  TensorError,
  type InferRequestView,
  type InferResponseInit,
} from '@plumbline/tensors';
import { answerRequest, type Answer, type AnswerOptions } from '../domain/answer-request.ts';
import { errors } from '../domain/errors.ts';
import type { FoundVersion } from '../domain/find-version.ts';
import type { VersionTable } from '../domain/version-table.ts';

export interface CallOptions extends AnswerOptions {
  readonly table: VersionTable;
}

/** What a request came to: the message to send, and what the trailers say of it. */
export interface AnsweredCall {
  readonly found: FoundVersion;
  readonly answer: Answer;
  readonly response: InferResponseInit;
}

/** @throws ServiceError MALFORMED_REQUEST. */
export function readRequest(request: Buffer): InferRequestView {
  try {
    return parseInferRequest(request);
  } catch (error) {
    throw error instanceof TensorError ? errors.MALFORMED_REQUEST(error.message, { cause: error }) : error;
  }
}

/**
 * Answers one request of a call, which may have several. The response is to be built before the next turn of the loop.
 * @param signal of this request.
 */
export async function answerCall(
  view: InferRequestView,
  context: CallContext,
  signal: AbortSignal,
  options: CallOptions,
): Promise<AnsweredCall> {
  const tenant = requireTenant(context);
  const found = findVersion(options.table, tenant, view, context);
  const limits = { deadlineMs: options.nowMs() + context.remainingMs(), signal };
  const answer = await answerRequest(view, tenant, found.serving, limits, options);
  const modelName = view.modelName === '' ? found.owner.model : view.modelName;
  const modelVersion = String(found.owner.number);
  return { found, answer, response: { modelName, modelVersion, id: view.id, outputs: answer.outputs } };
}

/** A service may name the version by digest: then a route's split, decided in the gateway, cannot be undone here. */
function findVersion(
  table: VersionTable,
  tenant: string,
  view: InferRequestView,
  { caller, requestMetadata }: CallContext,
): FoundVersion {
  const isService = caller.kind === 'service' || caller.via !== undefined;
  const digest = isService ? requestMetadata.get('plumbline-model-digest') : undefined;
  return digest === undefined || digest === ''
    ? table.byName(tenant, view.modelName, view.modelVersion)
    : table.byDigest(tenant, digest, view.modelName);
}
