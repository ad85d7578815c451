import { startRollout as start } from '../domain/start-rollout.ts';
import { findRollout } from '../domain/find-rollout.ts';
import { gateOf } from '../messages/gate.ts';
import { rolloutOf } from '../messages/rollout.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { gateViolations } from './validate-gate.ts';
import { areUuids, isAlias, isBetween, isName, isVersionDigest, requireValid } from './validate.ts';

export const startRollout =
  ({ store, clock }: Registry): RegistryHandler<'startRollout'> =>
  async (request, context) => {
    const { model, alias, candidateDigest, decisionIds, canaryWeightBp, shadowShareBp } = request;
    const { shadowGate, canaryGate } = request;
    requireValid(
      isName('model', model),
      isAlias('alias', alias),
      isVersionDigest('candidate_digest', candidateDigest),
      areUuids('decision_ids', decisionIds),
      isBetween('canary_weight_bp', canaryWeightBp, 1, 9_999),
      isBetween('shadow_share_bp', shadowShareBp, 1, 10_000),
      shadowGate ? gateViolations('shadow_gate', shadowGate, true) : [],
      canaryGate ? gateViolations('canary_gate', canaryGate, true) : [],
    );
    const call = callOf(context, clock);
    const gates = {
      shadow: shadowGate && gateOf(shadowGate),
      canary: canaryGate && gateOf(canaryGate),
    };
    const intent = { model, alias, candidate: candidateDigest, decisionIds, canaryWeightBp, shadowShareBp };
    return store.transaction(call.tenant, context, async (tables) => {
      const { id } = await start(tables, call, { ...intent, gates });
      return { rollout: rolloutOf(await findRollout(tables, id, call.nowUs)) };
    });
  };
