import { decideRollback } from '@plumbline/release';
import type { Call } from './call.ts';
import { commitRelease, type Committed } from './commit-release.ts';
import { lockModel, refusalOf } from './refuse.ts';
import { headOf } from './release.ts';
import type { Tables } from './tables.ts';

export interface RollBack {
  readonly model: string;
  readonly alias: string;
  readonly expected: string;
  readonly reason: string;
}

export interface RollbackPolicy {
  /** How long after a release it may be rolled back without gates. */
  readonly windowUs: bigint;
}

type Touched = 'models' | 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events';

/** Moves an alias back to the version before; gates are skipped. A running rollout of the alias is aborted with it. */
export async function rollBack(
  tables: Pick<Tables, Touched>,
  call: Call,
  { model, alias, expected, reason }: RollBack,
  { windowUs }: RollbackPolicy,
): Promise<Committed> {
  await lockModel(tables, model);
  const ledger = await tables.releases.ledger(model, alias);
  const decision = decideRollback(ledger, { expected, windowUs }, call.nowUs);
  if (!decision.allowed) throw refusalOf(decision, { model, alias, current: headOf(ledger) ?? '' });
  const rollout = await tables.rollouts.running(model);
  const abort = async (epoch: bigint): Promise<void> => {
    if (rollout?.alias !== alias) return;
    await tables.rollouts.enter(rollout, epoch, {
      step: 'aborted',
      actor: call.actor,
      reason: `rolled back: ${reason}`,
      evidenceIds: [],
      atUs: call.nowUs,
    });
  };
  return commitRelease(
    tables,
    call,
    {
      model,
      alias,
      target: decision.target,
      kind: 'rollback',
      reason,
      decisionIds: [],
      grounds: decision.reasons,
      ledger,
    },
    abort,
  );
}
