import { callOf, type Registry, type TenantHandler } from './handler.ts';
import { isTenant, requireValid } from './validate.ts';

export const createTenant =
  ({ store, clock }: Registry): TenantHandler<'createTenant'> =>
  async ({ tenant }, context) => {
    requireValid(isTenant('tenant', tenant));
    const { actor, nowUs } = callOf(context, clock, tenant);
    const created = await store.transaction(tenant, context, ({ tenants }) =>
      tenants.create(tenant, actor, nowUs),
    );
    return { existed: !created };
  };
