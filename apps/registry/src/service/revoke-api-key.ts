import { revokeApiKey as revoke } from '../domain/revoke-api-key.ts';
import { callOf, type Registry, type TenantHandler } from './handler.ts';
import { isUuid, requireValid } from './validate.ts';

export const revokeApiKey =
  ({ store, clock }: Registry): TenantHandler<'revokeApiKey'> =>
  async ({ keyId }, context) => {
    requireValid(isUuid('key_id', keyId));
    const call = callOf(context, clock);
    const epoch = await store.transaction(call.tenant, context, (tables) => revoke(tables, call, keyId));
    return { epoch };
  };
