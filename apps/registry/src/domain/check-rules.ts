import { randomUUID } from 'node:crypto';
import { evaluateRetraining } from '@plumbline/release';
import type { Call } from './call.ts';
import { decided } from './event.ts';
import type { DeclaredRule, TrainingOrder } from './retraining.ts';
import type { Tables } from './tables.ts';

export interface LabelsAdvanced {
  readonly model: string;
  /** The midnight of event time that was passed. */
  readonly boundaryUs: bigint;
  /** Labels known before it, in all. */
  readonly labelsTotal: bigint;
}

export interface RetrainingLimits {
  /** A training without candidate for so long counts as failed. */
  readonly trainingTimeoutUs: bigint;
}

type Touched = 'retrainings' | 'events';

/** Checks the model's rules at a midnight of event time and asks for the trainings that are due. */
export async function checkRules(
  tables: Pick<Tables, Touched>,
  call: Call,
  labels: LabelsAdvanced,
  { trainingTimeoutUs }: RetrainingLimits,
): Promise<void> {
  for (const rule of await tables.retrainings.lockRules(labels.model)) {
    const firings = await tables.retrainings.firings(rule, call.nowUs - trainingTimeoutUs);
    const { boundaryUs, labelsTotal } = labels;
    const decision = evaluateRetraining({ boundaryUs, labelsTotal, firings }, rule);
    if (decision.verdict === 'FIRED') await fire(tables, call, rule, labels, decision);
  }
}

async function fire(
  { retrainings, events }: Pick<Tables, Touched>,
  call: Call,
  rule: DeclaredRule,
  { boundaryUs, labelsTotal }: LabelsAdvanced,
  { newLabels, reasons }: { readonly newLabels: bigint; readonly reasons: readonly string[] },
): Promise<void> {
  const order = orderOf(rule, randomUUID(), boundaryUs);
  await retrainings.insert({
    jobId: order.jobId,
    model: rule.model,
    rule: rule.name,
    firedAtUs: boundaryUs,
    labelsTotal,
    newLabels,
    requestedAtUs: call.nowUs,
    candidate: undefined,
  });
  await events.publish(
    call.nowUs,
    { kind: 'training-requested', order },
    decided(call, {
      action: 'training_requested',
      subject: `model/${rule.model}/rule/${rule.name}`,
      outcome: order.jobId,
      reasons,
    }),
  );
}

/** The training that a firing asks for: it ends at the firing, its last stretch held out for the gate. */
function orderOf(rule: DeclaredRule, jobId: string, firedAtUs: bigint): TrainingOrder {
  const { model, name, training } = rule;
  const fitToUs = firedAtUs - training.gateLengthUs;
  return { jobId, model, rule: name, training, fitToUs, gateToUs: firedAtUs };
}
