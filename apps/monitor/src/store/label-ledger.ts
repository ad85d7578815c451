import { enqueue, eventOf } from '@plumbline/events';
import { LabelsAdvancedSchema } from '@plumbline/contract-events';
import type { Queryable } from '@plumbline/sql';
import type { LabelLedger, LabelsAdvance } from '../domain/announce-labels.ts';
import { lockEventTime } from './event-time-rows.ts';
import { LABELS_WITH_PREDICTIONS } from './labels.ts';

/** The ledger within a transaction; `nowUs` stamps the events that leave with it. */
export function labelLedger(tx: Queryable, nowUs: bigint): LabelLedger {
  return {
    lockEventTime: (tenant, model) => lockEventTime(tx, tenant, model, { skipLocked: true }),
    async completeUntil(tenant) {
      const [row] = await tx.query<{ complete_until_us: bigint }>(
        'SELECT complete_until_us FROM label_progress WHERE tenant = $1',
        [tenant],
      );
      return row?.complete_until_us ?? 0n;
    },
    async countWaiting(tenant, beforeUs) {
      const [row] = await tx.query<{ waiting: bigint }>(
        `SELECT count(*) AS waiting FROM ${LABELS_WITH_PREDICTIONS} WHERE known_at_us < $2 AND NOT arrived`,
        [tenant, beforeUs],
      );
      return Number(row?.waiting ?? 0n);
    },
    async countJoined(tenant, model, beforeUs) {
      const [row] = await tx.query<{ joined: bigint }>(
        `SELECT count(*) AS joined FROM ${LABELS_WITH_PREDICTIONS} WHERE model = $2 AND known_at_us < $3`,
        [tenant, model, beforeUs],
      );
      return Number(row?.joined ?? 0n);
    },
    announce: (tenant, model, announcements) => announce(tx, tenant, model, announcements, nowUs),
  };
}

async function announce(
  tx: Queryable,
  tenant: string,
  model: string,
  announcements: readonly LabelsAdvance[],
  nowUs: bigint,
): Promise<void> {
  await tx.query('UPDATE model_progress SET announced_until_us = $3 WHERE tenant = $1 AND model = $2', [
    tenant,
    model,
    announcements.at(-1)?.boundaryUs ?? 0n,
  ]);
  const envelope = { subject: 'plumbline.monitor.labels-advanced', tenant, nowUs };
  await enqueue(
    tx,
    announcements.map(({ boundaryUs, labelsTotal }) =>
      eventOf(LabelsAdvancedSchema, { model, boundaryUs, labelsTotal: BigInt(labelsTotal) }, envelope),
    ),
  );
}
