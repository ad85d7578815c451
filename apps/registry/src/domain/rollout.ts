import type { ReplicaState, RolloutState, RolloutStep } from '@plumbline/release';
import type { Decision } from './event.ts';
import type { RouteTraffic } from './traffic.ts';

/** A step that a rollout took. */
export interface Transition {
  readonly step: RolloutStep;
  readonly actor: string;
  readonly reason: string;
  readonly evidenceIds: readonly string[];
  readonly atUs: bigint;
}

/** A staged release of one version to one alias. */
export interface Rollout extends RolloutState {
  readonly id: string;
  readonly model: string;
  readonly alias: string;
  readonly canaryWeightBp: number;
  readonly shadowShareBp: number;
  readonly decisionIds: readonly string[];
  /** The traffic epoch that asked for the present step. */
  readonly epoch: bigint;
  /** Oldest first; the last is the present step. */
  readonly transitions: readonly Transition[];
}

export interface Rollouts {
  byId(id: string): Promise<Rollout | undefined>;
  /** The rollout of the model that is in shadow or canary. */
  running(model: string): Promise<Rollout | undefined>;
  insert(rollout: Rollout): Promise<void>;
  /** Enters a step and appends its transition. */
  enter(rollout: Rollout, epoch: bigint, transition: Transition): Promise<Rollout>;
}

/** The decision to enter the rollout's present step. */
export function stepDecision(
  { id, model, candidate, step }: Rollout,
  reasons: readonly string[],
): Omit<Decision, 'id'> {
  return {
    action: `rollout_${step}`,
    subject: `model/${model}/rollout/${id}`,
    outcome: candidate,
    reasons,
  };
}

/**
 * Whether every live replica acts by the rollout's present step: no route of its alias waits for a version, and all
 * replicas follow the epoch that carries the step.
 */
export function isInEffect(
  rollout: Rollout,
  routes: readonly RouteTraffic[],
  replicas: readonly ReplicaState[],
): boolean {
  const own = routes.filter(({ route }) => route.alias === rollout.alias);
  const epochs = [rollout.epoch, ...own.map(({ effectiveEpoch }) => effectiveEpoch)];
  return (
    own.every(({ waitingFor }) => waitingFor.length === 0) &&
    replicas.every((replica) => epochs.every((epoch) => replica.epoch >= epoch))
  );
}
