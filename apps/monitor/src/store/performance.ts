import type { Queryable } from '@plumbline/sql';
import type { LabelledScores, PerformanceQuery, PerformanceStore } from '../domain/measure-performance.ts';

const JOINED = `
  FROM predictions LEFT JOIN labels ON labels.tenant = predictions.tenant AND labels.prediction_id = label_id
  WHERE predictions.tenant = $1 AND model = $2 AND as_of_us >= $3 AND as_of_us < $4
    AND ($5::text IS NULL OR digest = $5)
    AND (CASE WHEN $6::text IS NULL THEN NOT shadow ELSE variant = $6 END)`;

export function performanceStore(queryable: Queryable): PerformanceStore {
  return {
    async count(tenant, query) {
      const [row] = await queryable.query<{ predictions: bigint; labelled: bigint }>(
        `SELECT count(*) AS predictions, count(value) AS labelled ${JOINED}`,
        parameters(tenant, query),
      );
      return { predictions: Number(row?.predictions ?? 0n), labelled: Number(row?.labelled ?? 0n) };
    },
    read: (tenant, query) => read(queryable, tenant, query),
  };
}

interface ScoresRow {
  readonly predictions: bigint;
  readonly scores: number[] | null;
  readonly labels: number[] | null;
  readonly median_delay_us: number | null;
}

async function read(queryable: Queryable, tenant: string, query: PerformanceQuery): Promise<LabelledScores> {
  const [row] = await queryable.query<ScoresRow>(
    `SELECT count(*) AS predictions,
       array_agg(score ORDER BY predictions.prediction_id) FILTER (WHERE value IS NOT NULL) AS scores,
       array_agg(value ORDER BY predictions.prediction_id) FILTER (WHERE value IS NOT NULL) AS labels,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY (known_at_us - as_of_us)::double precision)
         AS median_delay_us
     ${JOINED}`,
    parameters(tenant, query),
  );
  return {
    predictions: Number(row?.predictions ?? 0n),
    scores: row?.scores ?? [],
    labels: row?.labels ?? [],
    medianDelayUs: BigInt(Math.round(row?.median_delay_us ?? 0)),
  };
}

function parameters(tenant: string, query: PerformanceQuery): unknown[] {
  const { model, fromUs, toUs, digest, variant } = query;
  return [tenant, model, fromUs, toUs, digest ?? null, variant ?? null];
}
