/** A day of event time in microseconds; rules are checked at its multiples. */
export const DAY_US = 86_400_000_000n;

export interface RetrainingRule {
  /** Fires when at least so many labels are new; greater than 0. */
  readonly minNewLabels: bigint;
  /** Least event time between firings. */
  readonly cooldownUs: bigint;
}

export type FiringOutcome =
  /** No candidate yet. */
  | 'training'
  /** A candidate came and is neither released nor rejected. */
  | 'proposed'
  /** Its candidate was released. */
  | 'released'
  /** Its candidate failed a gate or its rollout was aborted. */
  | 'rejected'
  /** No candidate came in time. */
  | 'expired'
  /** It failed, and the rule was changed since. */
  | 'superseded';

export interface Firing {
  /** Event time of the midnight it fired at. */
  readonly firedAtUs: bigint;
  /** Labels counted in all when it fired. */
  readonly labelsTotal: bigint;
  readonly outcome: FiringOutcome;
}

export interface RetrainingSnapshot {
  /** The midnight of event time that the labels have passed. */
  readonly boundaryUs: bigint;
  /** Labels known before it, in all. */
  readonly labelsTotal: bigint;
  /** Earlier firings of the rule, oldest first. */
  readonly firings: readonly Firing[];
}

export interface RetrainingPolicy {
  /** So many firings in a row without a released or proposed candidate open the breaker: the rule stays silent. */
  readonly breakerLimit: number;
}

export const RETRAINING_POLICY: RetrainingPolicy = { breakerLimit: 3 };

export type RetrainingVerdict =
  | 'FIRED'
  | 'NOT_A_BOUNDARY'
  | 'ALREADY_CHECKED'
  | 'TOO_FEW_LABELS'
  | 'COOLING_DOWN'
  | 'RUNNING'
  | 'BREAKER_OPEN';

export interface RetrainingDecision {
  readonly verdict: RetrainingVerdict;
  /** Labels that came since the last firing. */
  readonly newLabels: bigint;
  readonly reasons: readonly string[];
}

/**
 * Whether a rule fires: trigger × cool-down × at most one training at a time × breaker. Event time only: the same
 * labels give the same firings, whenever and how often the rule is checked.
 */
export function evaluateRetraining(
  snapshot: RetrainingSnapshot,
  rule: RetrainingRule,
  policy: RetrainingPolicy = RETRAINING_POLICY,
): RetrainingDecision {
  const { boundaryUs, labelsTotal, firings } = snapshot;
  const last = firings.at(-1);
  const newLabels = labelsTotal - (last?.labelsTotal ?? 0n);
  const decide = (verdict: RetrainingVerdict, reason: string): RetrainingDecision => ({
    verdict,
    newLabels,
    reasons: [reason],
  });
  if (boundaryUs % DAY_US !== 0n) return decide('NOT_A_BOUNDARY', `${boundaryUs} µs is not a midnight`);
  if (last && boundaryUs <= last.firedAtUs) {
    return decide('ALREADY_CHECKED', `the rule fired at ${last.firedAtUs} µs, not before ${boundaryUs} µs`);
  }
  if (firings.some(({ outcome }) => outcome === 'training')) {
    return decide('RUNNING', 'a training that the rule asked for still runs');
  }
  if (newLabels < rule.minNewLabels) {
    return decide('TOO_FEW_LABELS', `${newLabels} new labels, fewer than ${rule.minNewLabels}`);
  }
  if (last && boundaryUs - last.firedAtUs < rule.cooldownUs) {
    return decide(
      'COOLING_DOWN',
      `${boundaryUs - last.firedAtUs} µs since the last firing, less than ${rule.cooldownUs}`,
    );
  }
  if (isBreakerOpen(firings, policy)) {
    return decide('BREAKER_OPEN', `the last ${policy.breakerLimit} trainings gave no acceptable candidate`);
  }
  return decide('FIRED', `${newLabels} new labels, at least ${rule.minNewLabels}, at ${boundaryUs} µs`);
}

function isBreakerOpen(firings: readonly Firing[], { breakerLimit }: RetrainingPolicy): boolean {
  const recent = firings.slice(-breakerLimit);
  return recent.length === breakerLimit && recent.every(({ outcome }) => isFailure(outcome));
}

const isFailure = (outcome: FiringOutcome): boolean => outcome === 'rejected' || outcome === 'expired';
