import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { PredictRequestSchema } from '@plumbline/contract-gateway';
import type { Outcome, PlainCall, PlainClient } from './plain-grpc.ts';
import { predictRequest, withKey, type SmallTenant } from './small-tenant.ts';

export type PredictChange = MessageInitShape<typeof PredictRequestSchema>;

/** A prediction by entity key as the tenant, or with the metadata of the call. */
export function predict(
  gateway: PlainClient,
  tenant: SmallTenant,
  change: PredictChange = {},
  call: PlainCall = {},
): Promise<Outcome> {
  const request = create(PredictRequestSchema, predictRequest(change));
  return gateway.call(
    'plumbline.gateway.v1.PredictionService/Predict',
    [toBinary(PredictRequestSchema, request)],
    { ...call, metadata: { ...withKey(tenant), ...call.metadata } },
  );
}
