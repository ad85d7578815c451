import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isName, isText, requireValid } from './validate.ts';

export const createModel =
  ({ store, clock }: Registry): RegistryHandler<'createModel'> =>
  async ({ model, description }, context) => {
    requireValid(isName('model', model), isText('description', description));
    const { tenant, actor, nowUs } = callOf(context, clock);
    const created = await store.transaction(tenant, context, ({ models }) =>
      models.create(model, description, actor, nowUs),
    );
    return { existed: !created };
  };
