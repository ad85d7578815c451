import type { MessageInitShape } from '@bufbuild/protobuf';
import { GateVerdict as VerdictMessage } from '@plumbline/contract-registry';
import type {
  Gate as GateMessage,
  GateCondition as ConditionMessage,
  GateConditionSchema,
  GateSchema,
} from '@plumbline/contract-registry';
import type { Gate, GateCondition, GateSubject, GateVerdict } from '@plumbline/release';

/** Undefined for a condition that says nothing. */
export function subjectOf({ subject, differenceLowerAbove }: ConditionMessage): GateSubject | undefined {
  switch (subject.case) {
    case 'metricLowerAbove':
      return { kind: 'metric-above', bound: subject.value };
    case 'metricUpperBelow':
      return { kind: 'metric-below', bound: subject.value };
    case 'otherFeature':
      return { kind: 'above-feature', feature: subject.value, bound: differenceLowerAbove };
    case 'otherAlias':
      return { kind: 'above-alias', alias: subject.value, bound: differenceLowerAbove };
    case undefined:
      return undefined;
  }
}

/** Conditions without a subject must have been refused. */
export function gateOf({ name, conditions }: GateMessage): Gate {
  return {
    name,
    conditions: conditions.flatMap((condition): GateCondition[] => {
      const subject = subjectOf(condition);
      const { metric, minExamples } = condition;
      return subject ? [{ metric, subject, minExamples: Number(minExamples) }] : [];
    }),
  };
}

export function gateMessageOf({ name, conditions }: Gate): MessageInitShape<typeof GateSchema> {
  return { name, conditions: conditions.map(conditionMessageOf) };
}

function conditionMessageOf({
  metric,
  subject,
  minExamples,
}: GateCondition): MessageInitShape<typeof GateConditionSchema> {
  const common = { metric, minExamples: BigInt(minExamples) };
  switch (subject.kind) {
    case 'metric-above':
      return { ...common, subject: { case: 'metricLowerAbove', value: subject.bound } };
    case 'metric-below':
      return { ...common, subject: { case: 'metricUpperBelow', value: subject.bound } };
    case 'above-feature':
      return {
        ...common,
        subject: { case: 'otherFeature', value: subject.feature },
        differenceLowerAbove: subject.bound,
      };
    case 'above-alias':
      return {
        ...common,
        subject: { case: 'otherAlias', value: subject.alias },
        differenceLowerAbove: subject.bound,
      };
  }
}

const VERDICTS: { readonly [V in GateVerdict]: VerdictMessage } = {
  PASSED: VerdictMessage.PASSED,
  FAILED: VerdictMessage.FAILED,
  INCONCLUSIVE: VerdictMessage.INCONCLUSIVE,
};

export const verdictMessageOf = (verdict: GateVerdict): VerdictMessage => VERDICTS[verdict];
