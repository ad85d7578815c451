import type { Queryable } from '@plumbline/sql';
import type { EventTime } from '../domain/event-time.ts';
import type { HistogramIncrement } from '../domain/count-columns.ts';
import type {
  ModelAdvance,
  PredictionIntake,
  StoredPrediction,
  VersionSpan,
} from '../domain/take-predictions.ts';
import { arrayLiteral } from './array-literal.ts';
import { lockEventTime } from './event-time-rows.ts';

/** The intake within a transaction. Every call is one statement, whatever the number of rows. */
export function predictionIntake(tx: Queryable): PredictionIntake {
  return {
    insert: (tenant, predictions) => insertPredictions(tx, tenant, predictions),
    addHistograms: (tenant, increments) => addHistograms(tx, tenant, increments),
    lockEventTime: (tenant, model) => lockOrReserve(tx, tenant, model),
    async advance(tenant, advances, spans) {
      await saveAdvances(tx, tenant, advances);
      await saveSpans(tx, tenant, spans);
    },
  };
}

/** A new model has no row to lock yet: whoever comes first holds its name instead, and the others look again. */
async function lockOrReserve(tx: Queryable, tenant: string, model: string): Promise<EventTime | undefined> {
  const locked = await lockEventTime(tx, tenant, model, { skipLocked: false });
  if (locked !== undefined) return locked;
  await tx.query('SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))', [tenant, model]);
  return lockEventTime(tx, tenant, model, { skipLocked: false });
}

async function insertPredictions(
  tx: Queryable,
  tenant: string,
  predictions: readonly StoredPrediction[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ prediction_id: string }>(
    `INSERT INTO predictions (tenant, prediction_id, model, digest, route, variant, shadow, as_of_us,
       committed_at_us, score, champion_score, label_id,
         features)
     SELECT $1, id, model, digest, route, variant, shadow, as_of, committed_at, score, champion_score,
       label_id, features::double precision[]
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::bigint[],
       $9::bigint[], $10::double precision[], $11::double precision[], $12::uuid[], $13::text[])
       AS new (id, model, digest, route, variant, shadow, as_of, committed_at, score, champion_score, label_id,
         features)
     ON CONFLICT (tenant, prediction_id) DO NOTHING
     RETURNING prediction_id`,
    [
      tenant,
      predictions.map((row) => row.predictionId),
      predictions.map((row) => row.model),
      predictions.map((row) => row.digest),
      predictions.map((row) => row.route),
      predictions.map((row) => row.variant),
      predictions.map((row) => row.shadow),
      predictions.map((row) => row.asOfUs),
      predictions.map((row) => row.committedAtUs),
      predictions.map((row) => row.score),
      predictions.map((row) => row.championScore ?? null),
      predictions.map((row) => row.labelId),
      predictions.map((row) => arrayLiteral(row.columns)),
    ],
    { name: 'monitor_insert_predictions' },
  );
  return new Set(rows.map((row) => row.prediction_id));
}

async function addHistograms(
  tx: Queryable,
  tenant: string,
  increments: readonly HistogramIncrement[],
): Promise<void> {
  if (increments.length === 0) return;
  await tx.query(
    `INSERT INTO histograms AS stored (tenant, model, step_us, digest, column_name, cells)
     SELECT $1, model, step_us, digest, column_name, cells::bigint[]
     FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
       AS new (model, step_us, digest, column_name, cells)
     ON CONFLICT (tenant, model, step_us, digest, column_name)
     DO UPDATE SET cells = add_cells(stored.cells, excluded.cells)`,
    [
      tenant,
      increments.map((increment) => increment.model),
      increments.map((increment) => increment.stepUs),
      increments.map((increment) => increment.digest),
      increments.map((increment) => increment.column),
      increments.map((increment) => arrayLiteral(increment.cells)),
    ],
    { name: 'monitor_add_histograms' },
  );
}

async function saveAdvances(tx: Queryable, tenant: string, advances: readonly ModelAdvance[]): Promise<void> {
  const times = advances.map(({ eventTime }) => eventTime);
  await tx.query(
    `INSERT INTO model_progress AS stored (tenant, model, predictions, shadows, watermark_us, judged_until_us,
       announced_until_us, elsewhere, elsewhere_first_us, elsewhere_last_us)
     SELECT $1, * FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
       $8::integer[], $9::bigint[], $10::bigint[])
     ON CONFLICT (tenant, model) DO UPDATE SET
       predictions = stored.predictions + excluded.predictions,
       shadows = stored.shadows + excluded.shadows,
       watermark_us = excluded.watermark_us,
       judged_until_us = excluded.judged_until_us,
       announced_until_us = excluded.announced_until_us,
       elsewhere = excluded.elsewhere,
       elsewhere_first_us = excluded.elsewhere_first_us,
       elsewhere_last_us = excluded.elsewhere_last_us`,
    [
      tenant,
      advances.map(({ model }) => model),
      advances.map(({ predictions }) => predictions),
      advances.map(({ shadows }) => shadows),
      times.map(({ watermarkUs }) => watermarkUs),
      times.map(({ judgedUntilUs }) => judgedUntilUs),
      times.map(({ announcedUntilUs }) => announcedUntilUs),
      times.map(({ elsewhere }) => elsewhere),
      times.map(({ elsewhereFirstUs }) => elsewhereFirstUs ?? null),
      times.map(({ elsewhereLastUs }) => elsewhereLastUs ?? null),
    ],
    { name: 'monitor_advance_models' },
  );
}

async function saveSpans(tx: Queryable, tenant: string, spans: readonly VersionSpan[]): Promise<void> {
  await tx.query(
    `INSERT INTO version_progress AS stored (tenant, model, digest, first_us, last_us)
     SELECT $1, * FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[])
     ON CONFLICT (tenant, model, digest) DO UPDATE SET
       first_us = least(stored.first_us, excluded.first_us),
       last_us = greatest(stored.last_us, excluded.last_us)`,
    [
      tenant,
      spans.map(({ model }) => model),
      spans.map(({ digest }) => digest),
      spans.map(({ firstUs }) => firstUs),
      spans.map(({ lastUs }) => lastUs),
    ],
    { name: 'monitor_span_versions' },
  );
}
