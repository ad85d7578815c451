import { randomUUID } from 'node:crypto';
import type { Call } from './call.ts';
import type { Release } from './release.ts';
import type { TrainingOrder } from './retraining.ts';
import type { ModelVersion } from './version.ts';

/** A decision with its reasons, for the audit log. */
export interface Decision {
  readonly id: string;
  /** lower_snake_case, e.g. "alias_moved". */
  readonly action: string;
  /** e.g. "model/flight_delay". */
  readonly subject: string;
  readonly outcome: string;
  readonly reasons: readonly string[];
}

/** What the registry tells others, committed with the change that it is about. */
export type DomainEvent =
  | { readonly kind: 'version-registered'; readonly version: ModelVersion }
  | { readonly kind: 'alias-moved'; readonly release: Release }
  | { readonly kind: 'traffic-changed'; readonly epoch: bigint }
  | { readonly kind: 'training-requested'; readonly order: TrainingOrder }
  | { readonly kind: 'decision-recorded'; readonly decision: Decision; readonly actor: string };

export interface Events {
  publish(nowUs: bigint, ...events: readonly DomainEvent[]): Promise<void>;
}

/** The event of a decision that was just made, under a new id where it has none yet. */
export function decided(
  { actor }: Pick<Call, 'actor'>,
  decision: Omit<Decision, 'id'> & { readonly id?: string },
): DomainEvent {
  return { kind: 'decision-recorded', actor, decision: { id: randomUUID(), ...decision } };
}
