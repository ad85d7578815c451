import type { FieldViolation } from '@plumbline/errors';
import type { Gate } from '@plumbline/contract-registry';
import { subjectOf } from '../messages/gate.ts';
import { isAlias, isBetween, isName, isPresent, rule } from './validate.ts';

/** What is wrong with a gate; `metricsOnly` for gates that judge a rollout's step. */
export function gateViolations(field: string, gate: Gate | undefined, metricsOnly = false): FieldViolation[] {
  if (!gate) return [{ field, description: 'is required' }];
  return [
    ...isName(`${field}.name`, gate.name),
    ...isBetween(`${field}.conditions`, gate.conditions.length, 1, 100),
    ...gate.conditions.flatMap((condition, index) =>
      conditionViolations(`${field}.conditions[${index}]`, condition, metricsOnly),
    ),
  ];
}

function conditionViolations(
  field: string,
  condition: Gate['conditions'][number],
  metricsOnly: boolean,
): FieldViolation[] {
  const subject = subjectOf(condition);
  if (!subject) return [{ field: `${field}.subject`, description: 'is required' }];
  const differs = subject.kind === 'above-feature' || subject.kind === 'above-alias';
  return [
    ...isName(`${field}.metric`, condition.metric),
    ...rule(Number.isFinite(subject.bound), `${field}.subject`, 'has a bound that is not finite'),
    ...rule(condition.minExamples >= 0n, `${field}.min_examples`, 'is negative'),
    ...rule(!(metricsOnly && differs), `${field}.subject`, 'is not a bound of a metric'),
    ...(subject.kind === 'above-alias' ? isAlias(`${field}.other_alias`, subject.alias) : []),
    ...(subject.kind === 'above-feature' ? isPresent(`${field}.other_feature`, subject.feature, 255) : []),
  ];
}
