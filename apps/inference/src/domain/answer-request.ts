import type { InferRequestView, RawTensor } from '@plumbline/tensors';
import { admitRequest, type AdmittedRequest } from './admit-request.ts';
import { classify } from './classification.ts';
import type { ServingVersion } from './find-version.ts';
import type { InferAnswer, InferLimits } from './pending-request.ts';
import { readRequestParameters, type RequestParameters } from './request-parameters.ts';
import type { CachedAnswer, ResponseCache } from './response-cache.ts';
import { responseKey } from './response-key.ts';
import type { BatchOutput } from './runner.ts';
import type { TensorSpec } from './signature.ts';
import { wantedClasses } from './wanted-outputs.ts';

/** The answer to one request. */
export interface Answer {
  /** The wanted outputs in the order asked for. The bytes are to be copied before the next turn of the loop. */
  readonly outputs: readonly RawTensor[];
  /** Rows of the batch that gave the answer; of the largest, where the request was split. */
  readonly batchRows: number;
  /** From arrival until the first batch was sealed; 0 where nothing ran for this request. */
  readonly queueUs: number;
  /** Time inside the engine; 0 where nothing ran for this request. */
  readonly inferUs: number;
}

export interface AnswerOptions {
  readonly cache: ResponseCache;
  /** The clock of the batchers. */
  readonly nowMs: () => number;
}

/** A request that fits the model, with all that it asks for. */
interface Asked {
  readonly admitted: AdmittedRequest;
  readonly parameters: RequestParameters;
  /** Classes in place of each wanted output; undefined: none. */
  readonly classes: readonly number[] | undefined;
}

/**
 * Checks a request against a version and answers it: by a run in a batch or, where the version's settings say so, from
 * the cache.
 * @throws ServiceError as readRequestParameters, admitRequest, wantedClasses and Batcher.infer.
 */
export async function answerRequest(
  view: InferRequestView,
  tenant: string,
  serving: ServingVersion,
  limits: Pick<InferLimits, 'deadlineMs' | 'signal'>,
  options: AnswerOptions,
): Promise<Answer> {
  const asked = understand(view, serving);
  const { admitted, parameters } = asked;
  if (serving.settings.cached) return answerCached(asked, tenant, serving, limits, options);
  const answer = await serving.batcher.infer(admitted, patienceOf(parameters, limits));
  return { ...answer, outputs: outputsOf(asked, serving, answer.outputs) };
}

function understand(view: InferRequestView, { signature, rowed, statistics }: ServingVersion): Asked {
  try {
    const parameters = readRequestParameters(view.parameters);
    const admitted = admitRequest(view, signature, rowed);
    return { admitted, parameters, classes: wantedClasses(view, signature.outputs, admitted.outputs) };
  } catch (error) {
    statistics.recordRefusal('OTHER');
    throw error;
  }
}

function patienceOf(
  { priority, timeoutUs }: RequestParameters,
  { deadlineMs, signal }: Pick<InferLimits, 'deadlineMs' | 'signal'>,
): InferLimits {
  return { deadlineMs, signal, priority, timeoutUs };
}

async function answerCached(
  asked: Asked,
  tenant: string,
  serving: ServingVersion,
  limits: Pick<InferLimits, 'deadlineMs' | 'signal'>,
  { cache, nowMs }: AnswerOptions,
): Promise<Answer> {
  const { admitted, parameters, classes } = asked;
  const { digest, signature, statistics, batcher } = serving;
  const startMs = nowMs();
  const key = responseKey({ tenant, digest, signature, admitted, classes, parameters: parameters.others });
  let ran: InferAnswer | undefined;
  const run = async (): Promise<CachedAnswer> => {
    const lookedUpMs = nowMs();
    ran = await batcher.infer(admitted, patienceOf(parameters, limits));
    const answeredMs = nowMs();
    const outputs = outputsOf(asked, serving, ran.outputs);
    const kept = { outputs: keep(admitted, outputs), batchRows: ran.batchRows };
    statistics.recordCacheMiss((lookedUpMs - startMs + nowMs() - answeredMs) * NS_PER_MS);
    return kept;
  };
  const found = await cache.answer({ key, digest, signal: limits.signal }, run);
  if (ran === undefined) statistics.recordCacheHit((nowMs() - startMs) * NS_PER_MS);
  const { queueUs, inferUs } = ran ?? NOTHING_RAN;
  const outputs = admitted.outputs.map((output) => found.outputs.get(output) as RawTensor);
  return { outputs, batchRows: found.batchRows, queueUs, inferUs };
}

const NS_PER_MS = 1_000_000;
const NOTHING_RAN = { queueUs: 0, inferUs: 0 };

function outputsOf(
  { admitted, classes }: Asked,
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

/** Copies of the outputs, by their index in the signature. */
function keep({ outputs: indexes }: AdmittedRequest, outputs: readonly RawTensor[]) {
  return new Map(
    outputs.map((output, at) => [indexes[at] ?? -1, { ...output, raw: Uint8Array.from(output.raw) }]),
  );
}
