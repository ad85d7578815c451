import { fromBinary } from '@bufbuild/protobuf';
import {
  PredictionPayloadSchema,
  RecordKind,
  type PredictionPayload,
  type Record as AuditRecord,
} from '@plumbline/contract-audit';
import { EntityRowSchema, FeatureVectorSchema, type FeatureVector } from '@plumbline/contract-features';
import type { TenantClients } from './clients.ts';
import { FEATURE_SERVICE } from './setting.ts';

export interface RecordedPrediction {
  readonly record: AuditRecord;
  readonly payload: PredictionPayload;
}

/** At most `count` recorded predictions by entity key, newest first. */
export async function predictionRecords(
  { audit }: TenantClients,
  count: number,
): Promise<RecordedPrediction[]> {
  const picked: RecordedPrediction[] = [];
  let pageToken = '';
  do {
    const page = await audit.listRecords({
      kind: RecordKind.PREDICTION,
      pageSize: 500,
      pageToken,
      includePayload: true,
    });
    for (const record of page.records) {
      const payload = fromBinary(PredictionPayloadSchema, record.payload);
      if (payload.featureVector.length > 0) picked.push({ record, payload });
    }
    pageToken = page.nextPageToken;
  } while (picked.length < count && pageToken !== '');
  return picked.slice(0, count);
}

/** Recomputes served vectors from history, each at its recorded instant and sequences, and counts differing values. */
export async function recomputeServed(
  { features }: TenantClients,
  records: readonly RecordedPrediction[],
): Promise<{ readonly vectors: number; readonly differing: number }> {
  const served = records.map(({ payload }) => fromBinary(FeatureVectorSchema, payload.featureVector));
  const { vectors } = await features.recomputeFeatures(
    {
      featureService: FEATURE_SERVICE,
      vectors: records.map(({ payload }, index) => ({
        entity: { ...fromBinary(EntityRowSchema, payload.entityRow), asOfUs: served[index]?.asOfUs ?? 0n },
        views: served[index]?.views ?? [],
      })),
    },
    { timeoutMs: 60_000 },
  );
  const differing = served.reduce((sum, vector, index) => sum + differences(vector, vectors[index]), 0);
  return { vectors: vectors.length, differing };
}

/** Values that are not the same, bit for bit, status included. */
function differences(served: FeatureVector, recomputed: FeatureVector | undefined): number {
  return served.values.filter((value, at) => {
    const other = recomputed?.values[at]?.kind;
    const same = value.kind.case === other?.case && Object.is(value.kind.value, other?.value);
    return !same || served.statuses[at] !== recomputed?.statuses[at];
  }).length;
}
