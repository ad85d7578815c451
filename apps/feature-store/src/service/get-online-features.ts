import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GetOnlineFeaturesRequest, GetOnlineFeaturesResponseSchema } from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Clock } from '@plumbline/service';
import type { Catalogues } from '../domain/catalogues.ts';
import { readOnlineFeatures, type OnlineStore } from '../domain/online-features.ts';
import { entityFromMessage, featureTypes, vectorToMessage } from './vector-messages.ts';

export interface ReadDependencies {
  readonly catalogues: Catalogues;
  readonly online: OnlineStore;
  readonly clock: Clock;
}

export async function handleGetOnlineFeatures(
  { catalogues, online, clock }: ReadDependencies,
  request: GetOnlineFeaturesRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof GetOnlineFeaturesResponseSchema>> {
  const tenant = requireTenant(context);
  const nowUs = Number(clock.nowUs());
  const entities = request.entities.map((row) => entityFromMessage(row, nowUs));
  return catalogues.use(tenant, async (catalogue) => {
    const plan = catalogue.service(request.featureService, request.featureServiceVersion);
    const vectors = await readOnlineFeatures(online, tenant, plan, entities, context);
    const types = featureTypes(plan);
    return {
      featureNames: plan.features.map(({ name }) => name),
      vectors: vectors.map((vector) => vectorToMessage(types, vector)),
      featureServiceVersion: plan.version,
    };
  });
}
