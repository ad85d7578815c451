import { toBinary, create } from '@bufbuild/protobuf';
import type { FeatureStoreService } from '@plumbline/contract-features';
import { EntityRowSchema, FeatureStatus, FeatureVectorSchema } from '@plumbline/contract-features';
import type { CallOptions, Client } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import type { EntityRequest, ServedFeatures } from '../domain/features.ts';
import { scalarOf, valuesOf } from '../messages/scalars.ts';

/** One served vector from the feature store; its encoded form is what the record keeps. */
export async function fetchFeatures(
  store: Client<typeof FeatureStoreService>,
  service: string,
  version: number,
  entity: EntityRequest,
  options: CallOptions,
): Promise<ServedFeatures> {
  const row = create(EntityRowSchema, {
    keys: valuesOf(entity.keys),
    requestValues: valuesOf(entity.requestValues),
    asOfUs: entity.asOfUs,
  });
  const response = await store.getOnlineFeatures(
    { featureService: service, featureServiceVersion: version, entities: [row] },
    options,
  );
  const vector = response.vectors[0];
  if (vector === undefined) throw errors.FEATURE_MISSING(`the feature store gave no vector of "${service}"`);
  return {
    names: response.featureNames,
    values: vector.values.map(scalarOf),
    statuses: vector.statuses.map((status) => FeatureStatus[status]),
    asOfUs: vector.asOfUs,
    serviceVersion: response.featureServiceVersion,
    entityRow: toBinary(EntityRowSchema, row),
    vector: toBinary(FeatureVectorSchema, vector),
  };
}
