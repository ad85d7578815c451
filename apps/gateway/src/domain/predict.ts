import { answer, type AnswerPorts, type InferenceResult } from './answer.ts';
import { errors } from './errors.ts';
import type { EntityRequest, Scalar, ServedFeatures } from './features.ts';
import type { RequestBuilder } from './model-inputs.ts';
import { predictionId } from './prediction-id.ts';
import { decideRoute, type RoutingTable } from './routing.ts';

/** A prediction by entity key, as the caller asked for it. */
export interface EntityPrediction {
  readonly tenant: string;
  readonly caller: string;
  readonly method: string;
  /** The request as it came. */
  readonly request: Uint8Array;
  readonly route: string;
  readonly predictionId: string;
  readonly entity: EntityRequest;
  /** Empty: the entity keys. */
  readonly stickyKey: string;
}

/** What the caller gets back. */
export interface EntityAnswer {
  readonly predictionId: string;
  readonly modelDigest: string;
  readonly variant: string;
  readonly response: Buffer;
  readonly features: ServedFeatures;
}

export interface PredictPorts extends AnswerPorts {
  features(service: string, version: number, entity: EntityRequest): Promise<ServedFeatures>;
  /** Compiled from the version's signature. */
  requestBuilder(modelName: string, digest: string): RequestBuilder;
  encodeAnswer(answer: EntityAnswer): Buffer;
}

/** Decides the route, fetches features, builds the model's request and answers. */
export async function predict(
  ports: PredictPorts,
  table: RoutingTable,
  asked: EntityPrediction,
): Promise<Buffer> {
  const decision = decideRoute(
    table,
    asked.tenant,
    asked.route,
    asked.stickyKey || keyText(asked.entity.keys),
  );
  const { plan, variant } = decision;
  if (plan.featureService === '') {
    throw errors.PREDICT_NOT_OFFERED(`route "${plan.name}" takes tensors only`, {
      metadata: { route: plan.name },
    });
  }
  const id = predictionId(asked.predictionId, ports.nowUs());
  const startedUs = ports.nowUs();
  const features = await ports.features(plan.featureService, plan.featureServiceVersion, asked.entity);
  const featuresUs = Number(ports.nowUs() - startedUs);
  const inferRequest = ports.requestBuilder(plan.name, variant.digest)(features);
  return answer(ports, {
    decision,
    predictionId: id,
    caller: asked.caller,
    tenant: asked.tenant,
    method: asked.method,
    request: asked.request,
    inferRequest,
    features,
    featuresUs,
    asOfUs: features.asOfUs,
    factNames: features.names,
    factValues: features.values,
    toAnswer: (result: InferenceResult) =>
      ports.encodeAnswer({
        predictionId: id,
        modelDigest: variant.digest,
        variant: variant.name,
        response: result.response,
        features,
      }),
  });
}

/** Entity keys as one text, whatever order they came in. */
function keyText(keys: Readonly<Record<string, Scalar>>): string {
  const text = (value: Scalar) =>
    typeof value === 'object' && value !== null ? `t${value.timestampUs}` : `${typeof value}${String(value)}`;
  return JSON.stringify(
    Object.entries(keys)
      .map(([name, value]) => [name, text(value)])
      .sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  );
}
