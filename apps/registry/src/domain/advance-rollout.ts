import { advanceRollout as decide, type RolloutFacts, type RolloutStep } from '@plumbline/release';
import type { Call } from './call.ts';
import { commitRelease } from './commit-release.ts';
import { decided } from './event.ts';
import { findRollout, requireRollout, type FoundRollout } from './find-rollout.ts';
import { lockModel, refusalOf } from './refuse.ts';
import { headOf } from './release.ts';
import { stepDecision, type Rollout, type Transition } from './rollout.ts';
import { settleModel } from './settle-model.ts';
import type { Tables } from './tables.ts';

export interface AdvanceRollout {
  readonly id: string;
  readonly expectedStep: RolloutStep;
  readonly evidenceIds: readonly string[];
  readonly reason: string;
}

type Touched = 'models' | 'evidence' | 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events';

/** Takes a rollout to its next step, on evidence of the present one. Promotion appends to the ledger as well. */
export async function advanceRollout(
  tables: Pick<Tables, Touched>,
  call: Call,
  request: AdvanceRollout,
): Promise<Rollout> {
  const { model } = await requireRollout(tables, request.id);
  await lockModel(tables, model);
  const found = await findRollout(tables, request.id, call.nowUs);
  const { rollout } = found;
  const facts = await factsOf(tables, found, request.evidenceIds);
  const decision = decide(rollout, request.expectedStep, facts, call.nowUs);
  if (!decision.allowed) throw refusalOf(decision, { model, rollout: rollout.id, step: rollout.step });
  const transition: Transition = {
    step: decision.next,
    actor: call.actor,
    reason: [...decision.reasons, ...(request.reason === '' ? [] : [request.reason])].join('; '),
    evidenceIds: request.evidenceIds,
    atUs: call.nowUs,
  };
  return decision.next === 'promoted'
    ? promote(tables, call, rollout, transition)
    : enterStep(tables, call, rollout, transition);
}

async function factsOf(
  tables: Pick<Tables, 'evidence' | 'releases'>,
  { rollout, inEffect }: FoundRollout,
  evidenceIds: readonly string[],
): Promise<RolloutFacts> {
  const { model, alias, candidate, transitions } = rollout;
  const enteredAtUs = transitions.at(-1)?.atUs ?? 0n;
  const about = await tables.evidence.about(model, candidate);
  const fresh = about.filter(({ attachedAtUs }) => attachedAtUs >= enteredAtUs);
  const evidence = fresh.filter(({ id }) => evidenceIds.includes(id));
  return {
    championNow: headOf(await tables.releases.ledger(model, alias)),
    inEffect,
    evidence,
    unknownEvidence: evidenceIds.filter((id) => evidence.every((one) => one.id !== id)),
  };
}

/** Enters a step that moves no alias: canary, or aborted. */
export async function enterStep(
  tables: Pick<Tables, 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events'>,
  call: Call,
  rollout: Rollout,
  transition: Transition,
): Promise<Rollout> {
  const epoch = await tables.traffic.nextEpoch();
  const entered = await tables.rollouts.enter(rollout, epoch, transition);
  await settleModel(tables, rollout.model, epoch, call.nowUs);
  await tables.events.publish(
    call.nowUs,
    { kind: 'traffic-changed', epoch },
    decided(call, stepDecision(entered, [transition.reason])),
  );
  return entered;
}

async function promote(
  tables: Pick<Tables, 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events'>,
  call: Call,
  rollout: Rollout,
  transition: Transition,
): Promise<Rollout> {
  const { model, alias, candidate, decisionIds } = rollout;
  const ledger = await tables.releases.ledger(model, alias);
  let promoted = rollout;
  await commitRelease(
    tables,
    call,
    {
      model,
      alias,
      target: candidate,
      kind: 'promotion',
      decisionIds,
      ledger,
      reason: transition.reason,
      grounds: [`rollout ${rollout.id} passed shadow and canary`],
    },
    async (epoch) => {
      promoted = await tables.rollouts.enter(rollout, epoch, transition);
    },
  );
  return promoted;
}
