import type { Queryable } from '@plumbline/sql';
import type { CountStore, Counts } from '../domain/counts.ts';

interface CountsRow {
  readonly predictions: bigint;
  readonly shadows: bigint;
  readonly labels_joined: bigint;
  readonly labels_waiting: bigint;
  readonly watermark_us: bigint;
}

export function countStore(queryable: Queryable): CountStore {
  return {
    async count(tenant, model): Promise<Counts> {
      const [row] = await queryable.query<CountsRow>(
        `SELECT coalesce(sum(predictions), 0)::bigint AS predictions, coalesce(sum(shadows), 0)::bigint AS shadows,
           (SELECT count(*) FROM labels JOIN predictions USING (tenant, prediction_id)
            WHERE tenant = $1 AND ($2::text IS NULL OR model = $2)) AS labels_joined,
           (SELECT count(*) FROM labels LEFT JOIN predictions USING (tenant, prediction_id)
            WHERE tenant = $1 AND model IS NULL) AS labels_waiting,
           coalesce(max(watermark_us), 0) AS watermark_us
         FROM model_progress WHERE tenant = $1 AND ($2::text IS NULL OR model = $2)`,
        [tenant, model ?? null],
      );
      return {
        predictions: row?.predictions ?? 0n,
        shadows: row?.shadows ?? 0n,
        labelsJoined: row?.labels_joined ?? 0n,
        labelsWaiting: row?.labels_waiting ?? 0n,
        watermarkUs: row?.watermark_us ?? 0n,
      };
    },
  };
}
