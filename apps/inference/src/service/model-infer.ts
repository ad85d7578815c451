import { requireTenant, type CallContext, type RawHandler } from '@plumbline/rpc';
import {
  buildInferResponse,
  parseInferRequest,
  TensorError,
  type InferRequestView,
  type RawTensor,
} from '@plumbline/tensors';
import { admitRequest } from '../domain/admit-request.ts';
import { errors } from '../domain/errors.ts';
import type { InferAnswer } from '../domain/pending-request.ts';
import type { TensorSpec } from '../domain/signature.ts';
import type { FoundVersion } from '../domain/find-version.ts';
import type { VersionTable } from '../domain/version-table.ts';

export interface ModelInferOptions {
  readonly table: VersionTable;
  readonly replicaId: string;
  /** The clock of the batchers. */
  readonly nowMs: () => number;
}

/** ModelInfer on bytes: the request is neither decoded nor copied before its rows go into a batch. */
export function modelInfer({ table, replicaId, nowMs }: ModelInferOptions): RawHandler {
  return async (request, context) => {
    const view = readRequest(request);
    const found = findVersion(table, view, context);
    const { serving } = found;
    const admitted = admitRequest(view, serving.signature, serving.rowed);
    const limits = { deadlineMs: nowMs() + context.remainingMs(), signal: context.signal };
    const answer = await serving.batcher.infer(admitted, limits);
    setTrailers(context, found, answer, replicaId);
    return buildInferResponse({
      modelName: view.modelName === '' ? found.owner.model : view.modelName,
      modelVersion: String(found.owner.number),
      id: view.id,
      outputs: answer.outputs.map((output, index): RawTensor => {
        const { name, datatype } = serving.signature.outputs[admitted.outputs[index] ?? -1] as TensorSpec;
        return { name, datatype, shape: output.shape, raw: output.raw };
      }),
    });
  };
}

function readRequest(request: Buffer): InferRequestView {
  try {
    return parseInferRequest(request);
  } catch (error) {
    throw error instanceof TensorError ? errors.MALFORMED_REQUEST(error.message, { cause: error }) : error;
  }
}

/** A service may name the version by digest: then a route's split, decided in the gateway, cannot be undone here. */
function findVersion(table: VersionTable, view: InferRequestView, context: CallContext): FoundVersion {
  const tenant = requireTenant(context);
  const { caller } = context;
  const isService = caller.kind === 'service' || caller.via !== undefined;
  const digest = isService ? context.requestMetadata.get('plumbline-model-digest') : undefined;
  return digest === undefined || digest === ''
    ? table.byName(tenant, view.modelName, view.modelVersion)
    : table.byDigest(tenant, digest, view.modelName);
}

function setTrailers(
  context: CallContext,
  found: FoundVersion,
  answer: InferAnswer,
  replicaId: string,
): void {
  const trailers = context.responseTrailers;
  trailers.set('plumbline-model-digest', found.serving.digest);
  trailers.set('plumbline-invariance', found.serving.invariance.class);
  trailers.set('plumbline-batch-size', String(answer.batchRows));
  trailers.set('plumbline-queue-us', String(answer.queueUs));
  trailers.set('plumbline-infer-us', String(answer.inferUs));
  trailers.set('plumbline-replica', replicaId);
}
