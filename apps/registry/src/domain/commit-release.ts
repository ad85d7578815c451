import type { ReleaseKind } from '@plumbline/release';
import type { Call } from './call.ts';
import { decided } from './event.ts';
import { headOf, type Release } from './release.ts';
import { settleModel } from './settle-model.ts';
import type { Tables } from './tables.ts';

export interface ReleaseIntent {
  readonly model: string;
  readonly alias: string;
  readonly target: string;
  readonly kind: ReleaseKind;
  /** Why, for people. */
  readonly reason: string;
  readonly decisionIds: readonly string[];
  /** What the decision to allow it rests on. */
  readonly grounds: readonly string[];
  /** The alias's rows so far. */
  readonly ledger: readonly Release[];
}

export interface Committed {
  readonly release: Release;
  readonly epoch: bigint;
}

type Touched = 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events';

/**
 * Appends one row to the ledger and everything that follows from it: a new epoch, routes and kept versions, events
 * and the decision. `alongside` changes the model's rollout under the same epoch.
 */
export async function commitRelease(
  tables: Pick<Tables, Touched>,
  call: Call,
  intent: ReleaseIntent,
  alongside: (epoch: bigint) => Promise<void> = () => Promise.resolve(),
): Promise<Committed> {
  const { model, alias, target, kind, reason, decisionIds, ledger } = intent;
  const epoch = await tables.traffic.nextEpoch();
  await alongside(epoch);
  const release = await tables.releases.append({
    model,
    alias,
    kind,
    reason,
    decisionIds,
    digest: target,
    previousDigest: headOf(ledger),
    position: ledger.length + 1,
    actor: call.actor,
    atUs: call.nowUs,
  });
  await settleModel(tables, model, epoch, call.nowUs);
  await tables.events.publish(
    call.nowUs,
    { kind: 'alias-moved', release },
    { kind: 'traffic-changed', epoch },
    decided(call, decisionOf(intent)),
  );
  return { release, epoch };
}

function decisionOf({ model, alias, target, kind, reason, grounds }: ReleaseIntent) {
  return {
    action: kind === 'move' ? 'alias_moved' : `alias_moved_by_${kind}`,
    subject: `model/${model}/alias/${alias}`,
    outcome: target,
    reasons: [...grounds, ...(reason === '' ? [] : [reason])],
  };
}
