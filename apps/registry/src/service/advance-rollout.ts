import type { RolloutStep } from '@plumbline/release';
import { advanceRollout as advance } from '../domain/advance-rollout.ts';
import { findRollout } from '../domain/find-rollout.ts';
import { rolloutOf, stepOf } from '../messages/rollout.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { areUuids, isText, isUuid, requireValid, rule } from './validate.ts';

export const advanceRollout =
  ({ store, clock }: Registry): RegistryHandler<'advanceRollout'> =>
  async ({ rolloutId, expectedStep, evidenceIds, reason }, context) => {
    const step = stepOf(expectedStep);
    requireValid(
      isUuid('rollout_id', rolloutId),
      rule(step !== undefined, 'expected_step', 'is required'),
      areUuids('evidence_ids', evidenceIds),
      isText('reason', reason),
    );
    const call = callOf(context, clock);
    const intent = {
      id: rolloutId,
      expectedStep: step as RolloutStep,
      evidenceIds: evidenceIds.map((id) => id.toLowerCase()),
      reason,
    };
    return store.transaction(call.tenant, context, async (tables) => {
      await advance(tables, call, intent);
      return { rollout: rolloutOf(await findRollout(tables, rolloutId, call.nowUs)) };
    });
  };
