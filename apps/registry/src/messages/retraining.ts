import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BuildTrainingSetRequestSchema } from '@plumbline/contract-features';
import type { TrainingRequestedSchema } from '@plumbline/contract-events';
import type {
  RetrainingRule as RuleMessage,
  RetrainingRuleSchema,
  RetrainingSchema,
  TrainingTemplate as TemplateMessage,
} from '@plumbline/contract-registry';
import type { DeclaredRule, Retraining, TrainingOrder, TrainingTemplate } from '../domain/retraining.ts';

function templateOf(message: TemplateMessage | undefined): TrainingTemplate {
  return {
    featureService: message?.featureService ?? '',
    spineSource: message?.spineSource ?? '',
    spineInstant: message?.spineInstant ?? '',
    label: message?.label ?? '',
    requestValues: message?.requestValues ?? {},
    fitFromUs: message?.fitFromUs ?? 0n,
    gateLengthUs: message?.gateLengthUs ?? 0n,
    parametersJson: message?.parametersJson ?? '',
    seed: message?.seed ?? 0n,
    baselineFeature: message?.baselineFeature ?? '',
  };
}

export function ruleOf(model: string, message: RuleMessage): DeclaredRule {
  const { name, minNewLabels, cooldownUs, training } = message;
  return { model, name, minNewLabels, cooldownUs, training: templateOf(training) };
}

export function ruleMessageOf(rule: DeclaredRule): MessageInitShape<typeof RetrainingRuleSchema> {
  const { name, minNewLabels, cooldownUs, training } = rule;
  const requestValues = { ...training.requestValues };
  return { name, minNewLabels, cooldownUs, training: { ...training, requestValues } };
}

export function retrainingOf(firing: Retraining): MessageInitShape<typeof RetrainingSchema> {
  const { jobId, rule, firedAtUs, newLabels, candidate = '' } = firing;
  return { jobId, rule, firedAtUs, newLabels, candidateDigest: candidate };
}

export function trainingRequestedOf(order: TrainingOrder): MessageInitShape<typeof TrainingRequestedSchema> {
  const { jobId, model, rule, training, fitToUs, gateToUs } = order;
  const { parametersJson, seed, baselineFeature, fitFromUs } = training;
  return {
    jobId,
    rule,
    spec: {
      model,
      parametersJson,
      seed,
      baselineFeature,
      fit: dataSetOf(training, fitFromUs, fitToUs, gateToUs),
      gate: dataSetOf(training, fitToUs, gateToUs, gateToUs),
    },
  };
}

function dataSetOf(
  { featureService, spineSource, spineInstant, label, requestValues }: TrainingTemplate,
  fromUs: bigint,
  toUs: bigint,
  knownByUs: bigint,
): MessageInitShape<typeof BuildTrainingSetRequestSchema> {
  return {
    featureService,
    spineSource,
    spineInstant,
    label,
    fromUs,
    toUs,
    knownByUs,
    requestValues: { ...requestValues },
  };
}
