import { callOf, type Registry, type TenantHandler } from './handler.ts';

export const listApiKeys =
  ({ store, clock }: Registry): TenantHandler<'listApiKeys'> =>
  async (_request, context) => {
    const { tenant } = callOf(context, clock);
    const keys = await store.read(tenant, context, ({ apiKeys }) => apiKeys.list());
    return {
      apiKeys: keys.map(({ id, name, scopes, createdAtUs, revokedAtUs = 0n }) => ({
        keyId: id,
        name,
        scopes: [...scopes],
        createdAtUs,
        revokedAtUs,
      })),
    };
  };
