import type { RetrainingRule } from '@plumbline/contract-registry';
import type { FieldViolation } from '@plumbline/errors';
import { putRetrainingRule as put } from '../domain/put-retraining-rule.ts';
import { ruleOf } from '../messages/retraining.ts';
import { callOf, type Registry, type RegistryHandler } from './handler.ts';
import { isJson, isName, isPresent, requireValid, rule } from './validate.ts';

export const putRetrainingRule =
  ({ store, clock }: Registry): RegistryHandler<'putRetrainingRule'> =>
  async ({ model, rule: declared }, context) => {
    requireValid(isName('model', model), ruleViolations(declared));
    const call = callOf(context, clock);
    const intent = ruleOf(model, declared as RetrainingRule);
    await store.transaction(call.tenant, context, (tables) => put(tables, call, intent));
    return {};
  };

function ruleViolations(declared: RetrainingRule | undefined): FieldViolation[] {
  if (!declared) return [{ field: 'rule', description: 'is required' }];
  const { training } = declared;
  return [
    ...isName('rule.name', declared.name),
    ...rule(declared.minNewLabels > 0n, 'rule.min_new_labels', 'is not greater than 0'),
    ...rule(declared.cooldownUs >= 0n, 'rule.cooldown_us', 'is negative'),
    ...rule(training !== undefined, 'rule.training', 'is required'),
    ...(training ? trainingViolations(training) : []),
  ];
}

function trainingViolations(training: NonNullable<RetrainingRule['training']>): FieldViolation[] {
  return [
    ...isName('rule.training.feature_service', training.featureService),
    ...isName('rule.training.spine_source', training.spineSource),
    ...isPresent('rule.training.spine_instant', training.spineInstant),
    ...isPresent('rule.training.label', training.label),
    ...isJson('rule.training.parameters_json', training.parametersJson),
    ...rule(training.gateLengthUs > 0n, 'rule.training.gate_length_us', 'is not greater than 0'),
  ];
}
