import { decideMove } from '@plumbline/release';
import type { Call } from './call.ts';
import { commitRelease, type Committed } from './commit-release.ts';
import { errors } from './errors.ts';
import { citedGates, lockModel, refusalOf, requireVersion } from './refuse.ts';
import { headOf } from './release.ts';
import type { Tables } from './tables.ts';

export interface MoveAlias {
  readonly model: string;
  readonly alias: string;
  readonly target: string;
  /** Undefined: the alias points at nothing as far as the caller knows. */
  readonly expected: string | undefined;
  readonly reason: string;
  readonly decisionIds: readonly string[];
}

type Touched =
  'models' | 'versions' | 'gates' | 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events';

/** Moves an alias by compare-and-swap, on passed gates. While a rollout of the alias runs, only that may move it. */
export async function moveAlias(
  tables: Pick<Tables, Touched>,
  call: Call,
  { model, alias, target, expected, reason, decisionIds }: MoveAlias,
): Promise<Committed> {
  await lockModel(tables, model);
  await requireVersion(tables, model, target);
  const rollout = await tables.rollouts.running(model);
  if (rollout?.alias === alias) {
    throw errors.ROLLOUT_ACTIVE(`rollout ${rollout.id} moves ${alias} of "${model}"`, {
      metadata: { model, rollout: rollout.id },
    });
  }
  const ledger = await tables.releases.ledger(model, alias);
  const gates = await citedGates(tables.gates, model, decisionIds);
  const decision = decideMove(headOf(ledger), gates, { alias, target, expected });
  if (!decision.allowed) {
    throw refusalOf(decision, { model, alias, current: headOf(ledger) ?? '' });
  }
  const grounds = decision.reasons;
  return commitRelease(tables, call, {
    model,
    alias,
    target,
    kind: 'move',
    reason,
    decisionIds,
    grounds,
    ledger,
  });
}
