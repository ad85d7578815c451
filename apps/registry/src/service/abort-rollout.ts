import { abortRollout as abort } from '../domain/abort-rollout.ts';
import { findRollout } from '../domain/find-rollout.ts';
import { rolloutOf } from '../messages/rollout.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isText, isUuid, requireValid } from './validate.ts';

export const abortRollout =
  ({ store, clock }: Registry): RegistryHandler<'abortRollout'> =>
  async ({ rolloutId, reason }, context) => {
    requireValid(isUuid('rollout_id', rolloutId), isText('reason', reason));
    const call = callOf(context, clock);
    return store.transaction(call.tenant, context, async (tables) => {
      await abort(tables, call, { id: rolloutId, reason });
      return { rollout: rolloutOf(await findRollout(tables, rolloutId, call.nowUs)) };
    });
  };
