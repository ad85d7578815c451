import type { Queryable } from '@plumbline/sql';
import type { CountStore, Counts } from '../domain/counts.ts';
import { LABELS_WITH_PREDICTIONS } from './labels.ts';

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
        `SELECT p.*, l.* FROM (
           SELECT coalesce(sum(predictions), 0)::bigint AS predictions, coalesce(sum(shadows), 0)::bigint AS shadows,
             coalesce(max(watermark_us), 0) AS watermark_us
           FROM model_progress WHERE tenant = $1 AND ($2::text IS NULL OR model = $2)
         ) p CROSS JOIN (
           SELECT count(*) FILTER (WHERE model = coalesce($2::text, model)) AS labels_joined,
             count(*) FILTER (WHERE model IS NULL) AS labels_waiting
           FROM ${LABELS_WITH_PREDICTIONS}
         ) l`,
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
