import { isRunning } from '@plumbline/release';
import { enterStep } from './advance-rollout.ts';
import type { Call } from './call.ts';
import { errors } from './errors.ts';
import { requireRollout } from './find-rollout.ts';
import { lockModel } from './refuse.ts';
import type { Rollout } from './rollout.ts';
import type { Tables } from './tables.ts';

type Touched = 'models' | 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events';

/** Ends a running rollout; the champion keeps all traffic. Aborting an aborted rollout changes nothing. */
export async function abortRollout(
  tables: Pick<Tables, Touched>,
  call: Call,
  { id, reason }: { readonly id: string; readonly reason: string },
): Promise<Rollout> {
  const { model } = await requireRollout(tables, id);
  await lockModel(tables, model);
  const rollout = await requireRollout(tables, id);
  if (rollout.step === 'aborted') return rollout;
  if (!isRunning(rollout.step)) {
    throw errors.ROLLOUT_ENDED(`rollout ${id} was promoted: roll the alias back instead`, {
      metadata: { rollout: id },
    });
  }
  return enterStep(tables, call, rollout, {
    step: 'aborted',
    actor: call.actor,
    reason,
    evidenceIds: [],
    atUs: call.nowUs,
  });
}
