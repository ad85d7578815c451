import { scanInferRequest, TensorError } from '@plumbline/tensors';
import { answer, type AnswerPorts } from './answer.ts';
import { errors } from './errors.ts';
import { predictionId } from './prediction-id.ts';
import type { PredictionFacts } from './record.ts';
import { decideRoute, type RoutingTable } from './routing.ts';

/** A prediction on the caller's own tensors. */
export interface TensorPrediction {
  readonly tenant: string;
  readonly caller: string;
  readonly method: string;
  /** Encoded ModelInferRequest as it came; forwarded without decoding. */
  readonly request: Buffer;
  /** From metadata; empty: minted. */
  readonly predictionId: string;
  /** From metadata; empty: the prediction id. */
  readonly stickyKey: string;
  /** 0: now. */
  readonly asOfUs: bigint;
}

export interface InferPorts extends AnswerPorts {
  /** Names and values of the first row's inputs, for monitoring. */
  describeInputs(digest: string, request: Buffer): Pick<PredictionFacts, 'featureNames' | 'featureValues'>;
}

export interface TensorAnswer {
  readonly predictionId: string;
  readonly response: Buffer;
}

/** Decides the route by the request's model_name, forwards the original bytes and answers with the model's. */
export async function infer(
  ports: InferPorts,
  table: RoutingTable,
  asked: TensorPrediction,
): Promise<TensorAnswer> {
  const { modelName } = scanHead(asked.request);
  const id = predictionId(asked.predictionId, ports.nowUs());
  const decision = decideRoute(table, asked.tenant, modelName, asked.stickyKey || id);
  const described = ports.describeInputs(decision.variant.digest, asked.request);
  const response = await answer(ports, {
    decision,
    predictionId: id,
    caller: asked.caller,
    tenant: asked.tenant,
    method: asked.method,
    request: asked.request,
    inferRequest: asked.request,
    features: undefined,
    featuresUs: 0,
    asOfUs: asked.asOfUs === 0n ? ports.nowUs() : asked.asOfUs,
    factNames: described.featureNames,
    factValues: described.featureValues,
    toAnswer: (result) => result.response,
  });
  return { predictionId: id, response };
}

function scanHead(request: Buffer) {
  try {
    return scanInferRequest(request);
  } catch (cause) {
    if (!(cause instanceof TensorError)) throw cause;
    throw errors.REQUEST_MALFORMED('the bytes are no ModelInferRequest', { cause });
  }
}
