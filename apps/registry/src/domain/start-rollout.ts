import { randomUUID } from 'node:crypto';
import { decideGates, type Gate } from '@plumbline/release';
import type { Call } from './call.ts';
import { errors } from './errors.ts';
import { decided } from './event.ts';
import { citedGates, lockModel, refusalOf, requireVersion } from './refuse.ts';
import { headOf } from './release.ts';
import { stepDecision, type Rollout } from './rollout.ts';
import { settleModel } from './settle-model.ts';
import type { Tables } from './tables.ts';

export interface StartRollout {
  readonly model: string;
  readonly alias: string;
  readonly candidate: string;
  readonly decisionIds: readonly string[];
  readonly canaryWeightBp: number;
  readonly shadowShareBp: number;
  readonly gates: { readonly shadow: Gate | undefined; readonly canary: Gate | undefined };
}

type Touched =
  'models' | 'versions' | 'gates' | 'releases' | 'rollouts' | 'routes' | 'kept' | 'traffic' | 'events';

/** Starts a staged release at shadow, on the same gates that moving the alias would need. One per model. */
export async function startRollout(
  tables: Pick<Tables, Touched>,
  call: Call,
  request: StartRollout,
): Promise<Rollout> {
  const { model, alias, candidate, decisionIds } = request;
  await lockModel(tables, model);
  await requireVersion(tables, model, candidate);
  const champion = await championOf(tables, request);
  const gates = await citedGates(tables.gates, model, decisionIds);
  const decision = decideGates(alias, candidate, champion, gates);
  if (!decision.allowed) throw refusalOf(decision, { model, alias });
  const epoch = await tables.traffic.nextEpoch();
  const reason = decision.reasons.join('; ');
  const rollout: Rollout = {
    id: randomUUID(),
    model,
    alias,
    candidate,
    champion,
    decisionIds,
    epoch,
    step: 'shadow',
    canaryWeightBp: request.canaryWeightBp,
    shadowShareBp: request.shadowShareBp,
    gates: request.gates,
    transitions: [{ step: 'shadow', actor: call.actor, reason, evidenceIds: [], atUs: call.nowUs }],
  };
  await tables.rollouts.insert(rollout);
  await settleModel(tables, model, epoch, call.nowUs);
  await tables.events.publish(
    call.nowUs,
    { kind: 'traffic-changed', epoch },
    decided(call, stepDecision(rollout, decision.reasons)),
  );
  return rollout;
}

async function championOf(
  tables: Pick<Tables, 'rollouts' | 'releases'>,
  { model, alias, candidate }: StartRollout,
): Promise<string> {
  const running = await tables.rollouts.running(model);
  if (running) {
    throw errors.ROLLOUT_ACTIVE(`rollout ${running.id} of "${model}" is at ${running.step}`, {
      metadata: { model, rollout: running.id },
    });
  }
  const champion = headOf(await tables.releases.ledger(model, alias));
  if (champion === undefined) {
    throw errors.VERSION_NOT_FOUND(`alias ${alias} of "${model}" points at no version: move it first`, {
      metadata: { model, alias },
    });
  }
  if (champion !== candidate) return champion;
  throw errors.ALIAS_UNCHANGED(`${alias} points at ${candidate} already`, { metadata: { model, alias } });
}
