import { createApiKey as create } from '../domain/create-api-key.ts';
import { callOf, type Registry, type TenantHandler } from './handler.ts';
import { isBetween, isTenant, requireValid, rule } from './validate.ts';

/** Callers are told apart by it in records and logs: printable, on one line, no space at either end. */
const NAME = /^(?! )[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,64}(?<! )$/u;
const SCOPE = /^[a-z][a-z0-9-]{0,62}$/;

export const createApiKey =
  ({ store, clock }: Registry): TenantHandler<'createApiKey'> =>
  async ({ tenant, name, scopes }, context) => {
    requireValid(
      isTenant('tenant', tenant),
      rule(NAME.test(name), 'name', 'is not 1 to 64 printable characters without outer spaces'),
      isBetween('scopes', scopes.length, 0, 32),
      scopes.flatMap((scope, index) =>
        rule(SCOPE.test(scope), `scopes[${index}]`, 'is not a lower-case name'),
      ),
    );
    const call = callOf(context, clock, tenant);
    const unique = [...new Set(scopes)].sort();
    const { id, secret, epoch } = await store.transaction(tenant, context, (tables) =>
      create(tables, call, { name, scopes: unique }),
    );
    return { keyId: id, secret, epoch };
  };
