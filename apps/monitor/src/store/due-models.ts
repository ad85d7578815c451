import type { Queryable } from '@plumbline/sql';
import { ALLOWED_LATENESS_US, DAY_US, EVALUATION_STEP_US } from '../domain/policy.ts';
import type { ModelKey } from '../domain/rounds.ts';

/** Models whose watermark has passed another window, or whose tenant's labels have passed another midnight. */
export async function dueModels(queryable: Queryable): Promise<ModelKey[]> {
  return queryable.query<ModelKey>(
    `SELECT tenant, model FROM model_progress LEFT JOIN label_progress USING (tenant)
     WHERE watermark_us - $1::bigint >= judged_until_us + $2::bigint
        OR least(complete_until_us, watermark_us + $3::bigint) >= announced_until_us + $3::bigint
     ORDER BY tenant, model`,
    [ALLOWED_LATENESS_US, EVALUATION_STEP_US, DAY_US],
    { name: 'monitor_due' },
  );
}
