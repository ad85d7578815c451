import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GetOnlineFeaturesRequest, GetOnlineFeaturesResponseSchema } from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Clock } from '@plumbline/service';
import type { Catalogues } from '../domain/catalogues.ts';
import { errors } from '../domain/errors.ts';
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
  if (request.entities.some((entity) => entity.asOfUs !== 0n)) requireAsOf(context);
  const nowUs = Number(clock.nowUs());
  const entities = request.entities.map((row) => entityFromMessage(row, nowUs));
  return catalogues.use(tenant, async (catalogue) => {
    const plan = catalogue.service(request.featureService, request.featureServiceVersion);
    const vectors = await readOnlineFeatures(online, tenant, plan, entities);
    const types = featureTypes(plan);
    return {
      featureNames: plan.features.map(({ name }) => name),
      vectors: vectors.map((vector) => vectorToMessage(types, vector)),
      featureServiceVersion: plan.version,
    };
  });
}

/** Services may, for themselves and for callers whose permission they checked; others need the scope. */
function requireAsOf({ caller }: CallContext): void {
  if (caller.kind === 'service' || caller.via !== undefined || caller.scopes.includes('as-of')) return;
  throw errors.AS_OF_NOT_PERMITTED('reading as of another instant needs the scope "as-of"');
}
