import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  FeatureStatus as StatusMessage,
  type EntityRow,
  type FeatureVectorSchema,
} from '@plumbline/contract-features';
import type { ValueType } from '@plumbline/expressions';
import { isInstant } from '@plumbline/features';
import type { ServicePlan } from '../domain/catalogue.ts';
import type { EntityRequest } from '../domain/entity-request.ts';
import { errors } from '../domain/errors.ts';
import type { FeatureStatus } from '../domain/feature-value.ts';
import type { TypedValue } from '../domain/ingest-rows.ts';
import type { FeatureVector } from '../domain/online-features.ts';
import { valueFromMessage, valueToMessage } from './value-messages.ts';

const STATUSES: Readonly<Record<FeatureStatus, StatusMessage>> = {
  PRESENT: StatusMessage.PRESENT,
  NULL_VALUE: StatusMessage.NULL_VALUE,
  NOT_FOUND: StatusMessage.NOT_FOUND,
  OUTSIDE_MAX_AGE: StatusMessage.OUTSIDE_MAX_AGE,
};

/** An entity row as of its own instant, or as of `nowUs` where it names none. Throws AS_OF_INVALID. */
export function entityFromMessage(row: EntityRow, nowUs: number): EntityRequest {
  const at = row.asOfUs === 0n ? nowUs : Number(row.asOfUs);
  if (!isInstant(at)) throw errors.AS_OF_INVALID('the instant lies outside the years 1 to 2200');
  return { keys: valuesFrom(row.keys), requestValues: valuesFrom(row.requestValues), at };
}

export function vectorToMessage(
  types: readonly ValueType[],
  vector: FeatureVector,
): MessageInitShape<typeof FeatureVectorSchema> {
  return {
    values: vector.values.map(({ value }, index) => valueToMessage(types[index]!, value)),
    statuses: vector.values.map(({ status }) => STATUSES[status]),
    asOfUs: BigInt(vector.at),
    views: vector.views.map(({ view, version, sequence, knownAt }) => ({
      view,
      version,
      sequence: BigInt(sequence),
      knownAtUs: BigInt(knownAt),
    })),
  };
}

export function featureTypes(plan: ServicePlan): ValueType[] {
  return plan.features.map((feature) => feature.type);
}

function valuesFrom(values: EntityRow['keys']): Record<string, TypedValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, valueFromMessage(value)]));
}
