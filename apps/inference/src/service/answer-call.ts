import { requireTenant, type CallContext } from '@plumbline/rpc';
import {
  parseInferRequest,
  TensorError,
  type InferRequestView,
  type InferResponseInit,
} from '@plumbline/tensors';
import {
  answerRequest,
  namedOutputs,
  understandRequest,
  type AnswerOptions,
  type Patience,
} from '../domain/serving/answer-request.ts';
import { errors } from '../domain/errors.ts';
import type { FoundVersion } from '../domain/versions/find-version.ts';
import type { InferAnswer } from '../domain/batching/pending-request.ts';
import type { VersionTable } from '../domain/versions/version-table.ts';

export interface CallOptions extends AnswerOptions {
  readonly table: VersionTable;
}

/** What a request came to: the message to send, and what the trailers say of it. */
export interface AnsweredCall {
  readonly found: FoundVersion;
  readonly answer: InferAnswer;
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
 * Answers one request of a call, which may have several.
 * @param signal of this request, where it has one of its own beside its call's.
 * @param finish builds what is sent; the outputs are views of a buffer that other requests read as well.
 */
export async function answerCall(
  view: InferRequestView,
  context: CallContext,
  signal: AbortSignal | undefined,
  options: CallOptions,
  finish: (answered: AnsweredCall) => Buffer,
): Promise<Buffer> {
  const tenant = requireTenant(context);
  const find = () => findVersion(options.table, tenant, view, context);
  const known = options.table.awaken(find, () => signal ?? context.signal);
  // What is loaded, and that is nearly always, is found at once: without a turn in between it cannot go.
  const found = known instanceof Promise ? await known : known;
  const { serving, owner } = found;
  const asked = understandRequest(view, serving);
  const deadlineMs = options.nowMs() + context.remainingMs();
  const patience = signal === undefined ? new CallPatience(context, deadlineMs) : { deadlineMs, signal };
  const answer = await answerRequest(asked, tenant, serving, patience, options);
  const response = {
    modelName: view.modelName === '' ? owner.model : view.modelName,
    modelVersion: String(owner.number),
    id: view.id,
    outputs: namedOutputs(asked, serving, answer.outputs),
  };
  return finish({ found, answer, response });
}

/** The patience of a call, whose signal is not made before somebody asks for it. */
class CallPatience implements Patience {
  readonly deadlineMs: number;
  readonly #context: CallContext;

  constructor(context: CallContext, deadlineMs: number) {
    this.#context = context;
    this.deadlineMs = deadlineMs;
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  get isCancelled(): boolean {
    return this.#context.isCancelled;
  }
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
