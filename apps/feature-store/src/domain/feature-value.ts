import type { Value } from '@plumbline/expressions';
import { isAged, type LatestRow, type Micros } from '@plumbline/features';
import type { ServiceFeature } from './catalogue.ts';

export type FeatureStatus = 'PRESENT' | 'NULL_VALUE' | 'NOT_FOUND' | 'OUTSIDE_MAX_AGE';

export interface FeatureValue {
  readonly value: Value;
  readonly status: FeatureStatus;
}

/** What a view knows of an entity at an instant, whether read online or recomputed from history. */
export interface EntityAnswer {
  /** Whether any row of the entity is visible. */
  readonly isSeen: boolean;
  /** Windowed features in the view's order; NaN is NULL. */
  readonly windows: ArrayLike<number>;
  readonly latest: LatestRow | 'none';
  /** The newest known-at among the rows used; 0: none. */
  readonly knownAt: Micros;
  /** Sequence of the newest row that the entity had; 0: never seen. */
  readonly sequence: number;
}

export const NEVER_SEEN: EntityAnswer = {
  isSeen: false,
  windows: [],
  latest: 'none',
  knownAt: 0,
  sequence: 0,
};

/** A stored feature's value and status: the one place that tells NULL, unknown and too old apart. */
export function featureValue(
  feature: Exclude<ServiceFeature, { kind: 'request' }>,
  answer: EntityAnswer,
  at: Micros,
  ttlUs: number,
): FeatureValue {
  if (!answer.isSeen) return { value: null, status: 'NOT_FOUND' };
  if (feature.kind === 'window') return present(fromNumber(answer.windows[feature.index]!, feature.type));
  if (answer.latest === 'none') return { value: null, status: 'NOT_FOUND' };
  const value = answer.latest.values[feature.index]!;
  if (isAged(answer.latest.event, at, ttlUs)) return { value, status: 'OUTSIDE_MAX_AGE' };
  return present(value);
}

export function present(value: Value): FeatureValue {
  return { value, status: value === null ? 'NULL_VALUE' : 'PRESENT' };
}

function fromNumber(value: number, type: ServiceFeature['type']): Value {
  if (Number.isNaN(value)) return null;
  return type === 'BOOL' ? value === 1 : value;
}
