import { findRollout } from '../domain/find-rollout.ts';
import { rolloutOf } from '../messages/rollout.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isUuid, requireValid } from './validate.ts';

export const getRollout =
  ({ store, clock }: Registry): RegistryHandler<'getRollout'> =>
  async ({ rolloutId }, context) => {
    requireValid(isUuid('rollout_id', rolloutId));
    const { tenant, nowUs } = callOf(context, clock);
    const found = await store.read(tenant, context, (tables) => findRollout(tables, rolloutId, nowUs));
    return { rollout: rolloutOf(found) };
  };
