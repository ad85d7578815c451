import type { Queryable } from '@plumbline/sql';
import type { LabelStore } from '../domain/submit-labels.ts';

/**
 * Labels of tenant $1 with the model of the prediction that they are joined to, NULL where none that a caller saw has
 * come, and whether any has arrived: a mirrored one has no label of its own, it shares that of the one it mirrors.
 * Looked up one by one, whatever the planner believes of tables that have just filled: with the statistics of an empty
 * one it joins in n².
 */
export const LABELS_WITH_PREDICTIONS = `(
  SELECT l.known_at_us, CASE WHEN NOT p.shadow THEN p.model END AS model, p.model IS NOT NULL AS arrived
  FROM labels l LEFT JOIN LATERAL (
    SELECT model, shadow FROM predictions WHERE tenant = l.tenant AND prediction_id = l.prediction_id LIMIT 1
  ) p ON true
  WHERE l.tenant = $1
) labelled`;

/** Labels within a transaction. */
export function labelStore(tx: Queryable): LabelStore {
  return {
    async put(tenant, labels, completeUntilUs) {
      const ids = labels.map(({ predictionId }) => predictionId);
      await tx.query(
        `INSERT INTO labels AS stored (tenant, prediction_id, value, known_at_us)
         SELECT $1, * FROM unnest($2::uuid[], $3::double precision[], $4::bigint[])
         ON CONFLICT (tenant, prediction_id) DO UPDATE SET value = excluded.value,
           known_at_us = excluded.known_at_us
         WHERE stored.known_at_us <= excluded.known_at_us
           AND (stored.value, stored.known_at_us) IS DISTINCT FROM (excluded.value, excluded.known_at_us)`,
        [tenant, ids, labels.map(({ value }) => value), labels.map(({ knownAtUs }) => knownAtUs)],
        { name: 'monitor_put_labels' },
      );
      await tx.query(
        `INSERT INTO label_progress AS stored (tenant, complete_until_us) VALUES ($1, $2)
         ON CONFLICT (tenant) DO UPDATE
         SET complete_until_us = greatest(stored.complete_until_us, excluded.complete_until_us)`,
        [tenant, completeUntilUs],
        { name: 'monitor_label_progress' },
      );
      const [row] = await tx.query<{ joined: bigint }>(
        `SELECT count(*) AS joined FROM predictions
         WHERE tenant = $1 AND prediction_id = ANY ($2::uuid[]) AND NOT shadow`,
        [tenant, ids],
        { name: 'monitor_joined' },
      );
      return Number(row?.joined ?? 0n);
    },
  };
}
