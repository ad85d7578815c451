import type { MessageInitShape } from '@bufbuild/protobuf';
import { RolloutStep as StepMessage, type RolloutSchema } from '@plumbline/contract-registry';
import type { RolloutStep } from '@plumbline/release';
import type { FoundRollout } from '../domain/find-rollout.ts';

const STEPS: { readonly [S in RolloutStep]: StepMessage } = {
  shadow: StepMessage.SHADOW,
  canary: StepMessage.CANARY,
  promoted: StepMessage.PROMOTED,
  aborted: StepMessage.ABORTED,
};

const stepMessageOf = (step: RolloutStep): StepMessage => STEPS[step];

/** Undefined for UNSPECIFIED and for values that this build does not know. */
export function stepOf(message: StepMessage): RolloutStep | undefined {
  return (Object.keys(STEPS) as RolloutStep[]).find((step) => STEPS[step] === message);
}

export function rolloutOf({ rollout, inEffect }: FoundRollout): MessageInitShape<typeof RolloutSchema> {
  const { id, model, candidate, champion, alias, step, epoch, transitions } = rollout;
  return {
    rolloutId: id,
    model,
    alias,
    epoch,
    inEffect,
    candidateDigest: candidate,
    championDigest: champion,
    step: stepMessageOf(step),
    transitions: transitions.map(({ evidenceIds, ...transition }) => ({
      ...transition,
      step: stepMessageOf(transition.step),
      evidenceIds: [...evidenceIds],
    })),
  };
}
