import type { ValueType } from '@plumbline/expressions';
import type { AggregateOperation, DerivedSpec, SourceSpec } from '@plumbline/features';

/** A named, typed column. */
export interface Field {
  readonly name: string;
  readonly type: ValueType;
}

export interface EntityDefinition {
  readonly name: string;
  readonly joinKeys: readonly Field[];
  readonly description: string;
}

export interface SourceDefinition extends SourceSpec {
  readonly description: string;
  /** In [0, 1]; 1 never rejects. */
  readonly rejectBatchAboveShare: number;
}

export interface WindowedFeatureDefinition {
  readonly name: string;
  /** Empty for `count`. */
  readonly column: string;
  readonly operation: AggregateOperation;
  readonly windowUs: number;
}

export interface FeatureViewDefinition {
  readonly name: string;
  readonly entity: string;
  readonly source: string;
  readonly features: readonly WindowedFeatureDefinition[];
  readonly latestColumns: readonly string[];
  /** 0: for ever. */
  readonly ttlUs: number;
  readonly description: string;
}

export interface RequestViewDefinition {
  readonly name: string;
  readonly inputs: readonly Field[];
  readonly features: readonly DerivedSpec[];
  readonly description: string;
}

export interface FeatureServiceDefinition {
  readonly name: string;
  /** `view:feature`, in the order of the served vector. */
  readonly features: readonly string[];
  readonly description: string;
}

/** Everything that a tenant declares, as one immutable value. */
export interface Definitions {
  readonly entities: readonly EntityDefinition[];
  readonly sources: readonly SourceDefinition[];
  readonly featureViews: readonly FeatureViewDefinition[];
  readonly requestViews: readonly RequestViewDefinition[];
  readonly featureServices: readonly FeatureServiceDefinition[];
}

export const NO_DEFINITIONS: Definitions = {
  entities: [],
  sources: [],
  featureViews: [],
  requestViews: [],
  featureServices: [],
};

/** `view:feature` cut in two; undefined when it is no such reference. */
export function splitReference(reference: string): { view: string; feature: string } | undefined {
  const [view, feature, ...rest] = reference.split(':');
  return view && feature && rest.length === 0 ? { view, feature } : undefined;
}
