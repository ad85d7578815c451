import type { RolloutStep } from './rollout.ts';

/** Whole weight in basis points. */
export const FULL_WEIGHT_BP = 10_000;

/** Who answers a route, by digest. */
export interface TrafficPlan {
  /** Undefined: nothing was released yet. */
  readonly champion: string | undefined;
  /** The arm that answers a sticky share of keys, in basis points. */
  readonly canary: { readonly digest: string; readonly weightBp: number } | undefined;
  /** The version mirrored to, off the critical path, for a share of requests in basis points. */
  readonly shadow: { readonly digest: string; readonly shareBp: number } | undefined;
}

export const NO_TRAFFIC: TrafficPlan = { champion: undefined, canary: undefined, shadow: undefined };

export interface RolloutTraffic {
  readonly step: RolloutStep;
  readonly candidate: string;
  readonly canaryWeightBp: number;
  readonly shadowShareBp: number;
}

/** What the ledger and the rollout ask for, whether or not the versions are loaded. */
export function desiredPlan(champion: string | undefined, rollout: RolloutTraffic | undefined): TrafficPlan {
  if (champion === undefined || rollout === undefined) return { ...NO_TRAFFIC, champion };
  const { step, candidate: digest, canaryWeightBp: weightBp, shadowShareBp: shareBp } = rollout;
  return {
    champion,
    canary: step === 'canary' ? { digest, weightBp } : undefined,
    shadow: step === 'shadow' ? { digest, shareBp } : undefined,
  };
}

export interface Settlement {
  /** The plan that gateways follow from now on. */
  readonly plan: TrafficPlan;
  /** Digests that the desired plan still waits for. Empty: the plan is the desired one. */
  readonly waitingFor: readonly string[];
}

/**
 * Goes from the plan in force towards the desired one, as far as versions are ready (loaded on every live inference
 * replica). A champion that is not ready leaves the old one in place, and with it the canary that is about to become
 * champion; a canary or shadow that is not ready waits. An arm already in force is never withdrawn because a replica
 * lost its version: that replica loads it again, the others answer meanwhile.
 */
export function settlePlan(
  current: TrafficPlan,
  desired: TrafficPlan,
  isReady: (digest: string) => boolean,
): Settlement {
  const answers = (digest: string) => digest === current.champion || digest === current.canary?.digest;
  const { champion, canary, shadow } = desired;
  if (champion !== undefined && champion !== current.champion && !isReady(champion)) {
    const rising = current.canary?.digest === champion ? current.canary : undefined;
    return { plan: { ...NO_TRAFFIC, champion: current.champion, canary: rising }, waitingFor: [champion] };
  }
  const canaryReady = canary && (answers(canary.digest) || isReady(canary.digest));
  const shadowReady = shadow && (current.shadow?.digest === shadow.digest || isReady(shadow.digest));
  return {
    plan: { champion, canary: canaryReady ? canary : undefined, shadow: shadowReady ? shadow : undefined },
    waitingFor: [
      ...(canary && !canaryReady ? [canary.digest] : []),
      ...(shadow && !shadowReady ? [shadow.digest] : []),
    ],
  };
}

/** The versions that a plan names, without repeats. */
export function digestsOf({ champion, canary, shadow }: TrafficPlan): string[] {
  const digests = [champion, canary?.digest, shadow?.digest];
  return [...new Set(digests.filter((digest) => digest !== undefined))];
}

export function samePlan(a: TrafficPlan, b: TrafficPlan): boolean {
  return (
    a.champion === b.champion &&
    a.canary?.digest === b.canary?.digest &&
    a.canary?.weightBp === b.canary?.weightBp &&
    a.shadow?.digest === b.shadow?.digest &&
    a.shadow?.shareBp === b.shadow?.shareBp
  );
}

export interface PlannedVariant {
  readonly name: 'champion' | 'canary';
  readonly digest: string;
  readonly weightBp: number;
}

/** The arms of a plan, champion first; weights add up to FULL_WEIGHT_BP. Empty: nothing was released yet. */
export function variantsOf({ champion, canary }: TrafficPlan): PlannedVariant[] {
  if (champion === undefined) return [];
  const weightBp = canary?.weightBp ?? 0;
  const first: PlannedVariant = { name: 'champion', digest: champion, weightBp: FULL_WEIGHT_BP - weightBp };
  return canary ? [first, { name: 'canary', digest: canary.digest, weightBp }] : [first];
}

/** A replica with a live lease. */
export interface ReplicaState {
  readonly kind: 'gateway' | 'inference';
  /** The newest epoch it acts by. */
  readonly epoch: bigint;
  readonly loaded: ReadonlySet<string>;
}

/** True when there is an inference replica and every one of them has the version loaded. */
export function isLoadedEverywhere(replicas: readonly ReplicaState[], digest: string): boolean {
  const inference = replicas.filter(({ kind }) => kind === 'inference');
  return inference.length > 0 && inference.every(({ loaded }) => loaded.has(digest));
}
