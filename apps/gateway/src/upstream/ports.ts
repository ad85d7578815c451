import type { AuditService } from '@plumbline/contract-audit';
import type { FeatureStoreService } from '@plumbline/contract-features';
import type { CallContext, CallOptions, Channel, Client } from '@plumbline/rpc';
import type { AnswerPorts, MirrorRequest } from '../domain/answer.ts';
import { errors } from '../domain/errors.ts';
import type { InferPorts } from '../domain/infer.ts';
import { requestBuilder, type RequestBuilder } from '../domain/model-inputs.ts';
import type { PredictPorts } from '../domain/predict.ts';
import type { RoutingTable } from '../domain/routing.ts';
import type { ShadowPorts } from '../domain/shadow.ts';
import { describeInputs } from '../domain/describe-inputs.ts';
import { fetchFeatures } from './features.ts';
import { runInference } from './inference.ts';
import type { Recorder } from './recorder.ts';

/** Time that a mirrored request may take; its caller has left long ago. */
const SHADOW_TIMEOUT_MS = 5_000;

export interface Upstream {
  readonly audit: Client<typeof AuditService>;
  readonly features: Client<typeof FeatureStoreService>;
  readonly inference: Channel;
  readonly recorder: Recorder;
  readonly table: () => RoutingTable | undefined;
  readonly nowUs: () => bigint;
  readonly mirror: (request: MirrorRequest) => void;
}

/** The domain's ports, bound to a call: everything done for it shares its deadline, tenant and caller. */
export function portsFor(
  upstream: Upstream,
  context: CallContext,
): Omit<PredictPorts, 'encodeAnswer'> & InferPorts {
  return {
    ...answerPorts(upstream, { context }),
    features: (service, version, entity) =>
      fetchFeatures(upstream.features, service, version, entity, { context }),
    requestBuilder: (modelName, digest) => builderOf(upstream, modelName, digest),
    describeInputs: (digest, request) => describeInputs(upstream.table()?.signature(digest), request),
  };
}

/** Ports for mirrored requests, which no call waits for. */
export function shadowPorts(upstream: Omit<Upstream, 'mirror'>, tenant: string, caller: string): ShadowPorts {
  const options = { tenant, metadata: { 'plumbline-caller': caller }, timeoutMs: SHADOW_TIMEOUT_MS };
  return {
    nowUs: upstream.nowUs,
    infer: (digest, request) => runInference(upstream.inference, digest, request, options),
    spool: (record) => upstream.recorder.spool(record),
  };
}

function answerPorts(upstream: Upstream, options: CallOptions): AnswerPorts {
  return {
    nowUs: upstream.nowUs,
    infer: (digest, request) => runInference(upstream.inference, digest, request, options),
    record: (record, auditClass) =>
      auditClass === 'mandatory'
        ? upstream.recorder.commit(record, options)
        : upstream.recorder.spoolPrediction(record),
    mirror: upstream.mirror,
  };
}

const builders = new WeakMap<object, Map<string, RequestBuilder>>();

function builderOf({ table }: Upstream, modelName: string, digest: string): RequestBuilder {
  const signature = table()?.signature(digest);
  if (signature === undefined)
    throw errors.FEATURE_MISSING(`version ${digest} has no signature`, { metadata: { digest } });
  const byName = builders.get(signature) ?? new Map<string, RequestBuilder>();
  builders.set(signature, byName);
  const builder = byName.get(modelName) ?? requestBuilder(modelName, signature);
  byName.set(modelName, builder);
  return builder;
}
