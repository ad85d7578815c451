import { randomUUID } from 'node:crypto';
import { eventOf, type OutgoingEvent } from '@plumbline/events';
import { AlertChangedSchema, DecisionRecordedSchema } from '@plumbline/contract-events';
import type { Queryable } from '@plumbline/sql';
import type { AlertChange, AlertQuery, AlertStore } from '../domain/alert-store.ts';
import type { Alert } from '../domain/decide-alerts.ts';
import { alertMessage } from '../messages/alert-message.ts';

interface AlertRow {
  readonly alert_id: string;
  readonly model: string;
  readonly digest: string;
  readonly source: string;
  readonly columns: string[];
  readonly reasons: string[];
  readonly fired_at_us: bigint;
  readonly cleared_at_us: bigint | null;
  readonly change: bigint;
}

const COLUMNS = 'alert_id, model, digest, source, columns, reasons, fired_at_us, cleared_at_us, change';

export function alertStore(queryable: Queryable): AlertStore {
  return {
    list: (tenant, query) => list(queryable, tenant, query),
    async changedSince(tenant, model, change) {
      const rows = await queryable.query<AlertRow>(
        `SELECT ${COLUMNS} FROM alerts
         WHERE tenant = $1 AND ($2::text IS NULL OR model = $2) AND change > $3 ORDER BY change`,
        [tenant, model ?? null, change],
      );
      return rows.map((row): AlertChange => ({ alert: alertOf(row), change: row.change }));
    },
  };
}

async function list(queryable: Queryable, tenant: string, query: AlertQuery): Promise<Alert[]> {
  const rows = await queryable.query<AlertRow>(
    `SELECT ${COLUMNS} FROM alerts
     WHERE tenant = $1 AND ($2::text IS NULL OR model = $2) AND (NOT $3 OR cleared_at_us IS NULL)
     ORDER BY fired_at_us DESC, alert_id`,
    [tenant, query.model ?? null, query.firingOnly],
  );
  return rows.map(alertOf);
}

/**
 * Writes an alert as it stands now. Changes of a tenant are numbered one transaction after the other, so that they
 * become visible in the order of their numbers and who watches misses none.
 */
export async function saveAlert(tx: Queryable, tenant: string, alert: Alert): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('alerts ' || $1, 0))`, [tenant]);
  await tx.query(
    `INSERT INTO alerts (tenant, ${COLUMNS})
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, nextval('alert_change'))
     ON CONFLICT (tenant, alert_id) DO UPDATE SET columns = excluded.columns, reasons = excluded.reasons,
       cleared_at_us = excluded.cleared_at_us, change = excluded.change`,
    [
      tenant,
      alert.alertId,
      alert.model,
      alert.digest,
      alert.source,
      alert.columns,
      alert.reasons,
      alert.firedAtUs,
      alert.clearedAtUs ?? null,
    ],
  );
}

/** The events that tell of a change: one for whoever watches, one for the record of decisions. */
export function alertEvents(tenant: string, alert: Alert, isNew: boolean, nowUs: bigint): OutgoingEvent[] {
  const changed = { alert: alertMessage(alert) };
  const action = alert.clearedAtUs !== undefined ? 'alert_cleared' : isNew ? 'alert_fired' : 'alert_grew';
  const decision = {
    decisionId: randomUUID(),
    service: 'monitor',
    action,
    subject: `model/${alert.model}`,
    actor: 'monitor',
    outcome: alert.clearedAtUs === undefined ? 'FIRING' : 'CLEARED',
    reasons: [...alert.reasons],
    atUs: nowUs,
  };
  return [
    eventOf(AlertChangedSchema, changed, { subject: 'plumbline.monitor.alert-changed', tenant, nowUs }),
    eventOf(DecisionRecordedSchema, decision, {
      subject: 'plumbline.monitor.decision-recorded',
      tenant,
      nowUs,
    }),
  ];
}

function alertOf(row: AlertRow): Alert {
  return {
    alertId: row.alert_id,
    model: row.model,
    digest: row.digest,
    source: row.source,
    columns: row.columns,
    reasons: row.reasons,
    firedAtUs: row.fired_at_us,
    clearedAtUs: row.cleared_at_us ?? undefined,
  };
}
