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
