import type { Gate as GateMessage } from '@plumbline/contract-registry';
import { evaluateGate as evaluate } from '../domain/evaluate-gate.ts';
import { gateOf, verdictMessageOf } from '../messages/gate.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { gateViolations } from './validate-gate.ts';
import { isName, isVersionDigest, requireValid } from './validate.ts';

export const evaluateGate =
  ({ store, clock }: Registry): RegistryHandler<'evaluateGate'> =>
  async ({ model, digest, gate }, context) => {
    requireValid(isName('model', model), isVersionDigest('digest', digest), gateViolations('gate', gate));
    const call = callOf(context, clock);
    const question = { model, digest, gate: gateOf(gate as GateMessage) };
    const { id, verdict, reasons } = await store.transaction(call.tenant, context, (tables) =>
      evaluate(tables, call, question),
    );
    return { decisionId: id, verdict: verdictMessageOf(verdict), reasons: [...reasons] };
  };
