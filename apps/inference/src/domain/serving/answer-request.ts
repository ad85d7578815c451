import type { InferRequestView, RawTensor } from '@plumbline/tensors';
import { admitRequest } from './admit-request.ts';
import type { AdmittedRequest } from '../batching/admitted-request.ts';
import { classify } from './classification.ts';
import { failureReason } from '../batching/failure-reason.ts';
import type { ServingVersion } from '../versions/find-version.ts';
import type { InferAnswer, InferLimits } from '../batching/pending-request.ts';
import { readRequestParameters, type RequestParameters } from './request-parameters.ts';
import type { CachedAnswer, ResponseCache } from './response-cache.ts';
import { responseKey } from './response-key.ts';
import type { BatchOutput } from '../runners/runner.ts';
import type { TensorSpec } from '../signature.ts';
import { wantedClasses } from './wanted-outputs.ts';

/** A request that fits a version, with all that it asks for. */
export interface AskedRequest {
  readonly admitted: AdmittedRequest;
  readonly parameters: RequestParameters;
  /** Classes in place of each wanted output; undefined: none. */
  readonly classes: readonly number[] | undefined;
}

export interface AnswerOptions {
  readonly cache: ResponseCache;
  /** The clock of the batchers. */
  readonly nowMs: () => number;
}

/** @throws ServiceError as readRequestParameters, admitRequest and wantedClasses, counted as the version's refusal. */
export function understandRequest(
  view: InferRequestView,
  { signature, rowed, statistics }: ServingVersion,
): AskedRequest {
  try {
    const parameters = readRequestParameters(view.parameters);
    const admitted = admitRequest(view, signature, rowed);
    return { admitted, parameters, classes: wantedClasses(view, signature.outputs, admitted.outputs) };
  } catch (error) {
    statistics.recordRefusal('OTHER');
    throw error;
  }
}

/** How long a caller waits, as its call says. */
export type Patience = Pick<InferLimits, 'deadlineMs' | 'signal' | 'isCancelled'>;

/** What the call and the request's own parameters say together. */
class RequestLimits implements InferLimits {
  readonly deadlineMs: number;
  readonly priority: number | undefined;
  readonly timeoutUs: number | undefined;
  readonly #patience: Patience;

  constructor(patience: Patience, { priority, timeoutUs }: RequestParameters) {
    this.#patience = patience;
    this.deadlineMs = patience.deadlineMs;
    this.priority = priority;
    this.timeoutUs = timeoutUs;
  }

  get signal(): AbortSignal | undefined {
    return this.#patience.signal;
  }

  get isCancelled(): boolean | undefined {
    return this.#patience.isCancelled;
  }
}

/**
 * Answers a request by a run in a batch or, where the version's settings say so, from the cache: then without times in
 * queue and engine. No async function, because each costs the hot path a promise and a turn of the microtasks.
 * @throws ServiceError as Batcher.infer, which may also be what the answer rejects with.
 */
export function answerRequest(
  asked: AskedRequest,
  tenant: string,
  serving: ServingVersion,
  patience: Patience,
  options: AnswerOptions,
): Promise<InferAnswer> {
  const limits = new RequestLimits(patience, asked.parameters);
  return serving.settings.cached
    ? answerCached(asked, tenant, serving, limits, options)
    : serving.batcher.infer(asked.admitted, limits);
}

/** The outputs under their names, those that are asked for as classes as such. */
export function namedOutputs(
  { admitted, classes }: AskedRequest,
  { signature, rowed, settings }: ServingVersion,
  outputs: readonly BatchOutput[],
): RawTensor[] {
  return outputs.map((output, at): RawTensor => {
    const { name, datatype } = signature.outputs[admitted.outputs[at] ?? -1] as TensorSpec;
    const count = classes?.[at] ?? 0;
    if (count === 0) return { name, datatype, shape: output.shape, raw: output.raw };
    const labels = settings.labels.get(name) ?? [];
    return { name, datatype: 'BYTES', ...classify(output, datatype, { classes: count, rowed, labels }) };
  });
}

async function answerCached(
  { admitted, parameters }: AskedRequest,
  tenant: string,
  { digest, signature, statistics, batcher }: ServingVersion,
  limits: InferLimits,
  { cache, nowMs }: AnswerOptions,
): Promise<InferAnswer> {
  const startMs = nowMs();
  const key = responseKey({ tenant, digest, signature, admitted, parameters: parameters.others });
  let lookedUpMs: number | undefined;
  let ran: InferAnswer | undefined;
  const run = async (): Promise<CachedAnswer> => {
    lookedUpMs = nowMs();
    ran = await batcher.infer(admitted, limits);
    const answeredMs = nowMs();
    const kept = keep(admitted, ran);
    statistics.recordCacheMiss((lookedUpMs - startMs + nowMs() - answeredMs) * NS_PER_MS);
    return kept;
  };
  const found = await cache.answer({ key, digest, signal: limits.signal }, run).catch((error: unknown) => {
    if (lookedUpMs === undefined)
      statistics.recordFailure(failureReason(error), (nowMs() - startMs) * US_PER_MS);
    throw error;
  });
  if (ran !== undefined) return ran;
  statistics.recordCacheHit((nowMs() - startMs) * NS_PER_MS);
  const outputs = admitted.outputs.map((output) => found.outputs.get(output) as BatchOutput);
  return { outputs, batchRows: found.batchRows, queueUs: 0, inferUs: 0 };
}

const NS_PER_MS = 1_000_000;
const US_PER_MS = 1_000;

/** The outputs by their index in the signature, copied: those of the answer share a buffer with other requests. */
function keep({ outputs: indexes }: AdmittedRequest, { outputs, batchRows }: InferAnswer): CachedAnswer {
  const copies = outputs.map(
    ({ shape, raw }, at) => [indexes[at] ?? -1, { shape, raw: Uint8Array.from(raw) }] as const,
  );
  return { outputs: new Map(copies), batchRows };
}
