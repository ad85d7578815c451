import { requireModel } from '../domain/refuse.ts';
import { retrainingOf } from '../messages/retraining.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isName, requireValid } from './validate.ts';

export const listRetrainings =
  ({ store, clock }: Registry): RegistryHandler<'listRetrainings'> =>
  async ({ model }, context) => {
    requireValid(isName('model', model));
    const { tenant } = callOf(context, clock);
    const firings = await store.read(tenant, context, async (tables) => {
      await requireModel(tables, model);
      return tables.retrainings.list(model);
    });
    return { retrainings: firings.map(retrainingOf) };
  };
