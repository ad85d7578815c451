import type { Queryable } from '@plumbline/sql';
import type { LabelStore } from '../domain/submit-labels.ts';

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
        `SELECT count(*) AS joined FROM predictions WHERE tenant = $1 AND prediction_id = ANY ($2::uuid[])`,
        [tenant, ids],
        { name: 'monitor_joined' },
      );
      return Number(row?.joined ?? 0n);
    },
  };
}
