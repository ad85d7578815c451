import { enqueue } from '@plumbline/events';
import type { Queryable } from '@plumbline/sql';
import type { ColumnStanding } from '../domain/decide-alerts.ts';
import type { DriftWatch, WatchOutcome } from '../domain/watch-drift.ts';
import { alertEvents, alertStore, saveAlert } from './alerts.ts';
import { lockEventTime } from './event-time-rows.ts';
import { filledSteps, sumCells, versionSpans } from './windows.ts';

/** The watch within a transaction; `nowUs` stamps the events that leave with it. */
export function driftWatch(tx: Queryable, nowUs: bigint): DriftWatch {
  return {
    lockEventTime: (tenant, model) => lockEventTime(tx, tenant, model, { skipLocked: true }),
    spans: (tenant, model, sinceUs) => versionSpans(tx, tenant, model, sinceUs),
    filledSteps: (tenant, model, sinceUs) => filledSteps(tx, tenant, model, sinceUs),
    sumCells: (tenant, model, window) => sumCells(tx, tenant, model, window),
    standings: (tenant, model) => readStandings(tx, tenant, model),
    firing: (tenant, model) => alertStore(tx).list(tenant, { model, firingOnly: true }),
    save: (tenant, model, outcome) => save(tx, tenant, model, outcome, nowUs),
  };
}

interface StandingRow {
  readonly digest: string;
  readonly column_name: string;
  readonly source: string;
  readonly state: ColumnStanding['state'];
  readonly streak: number;
  readonly reason: string;
}

async function readStandings(tx: Queryable, tenant: string, model: string): Promise<ColumnStanding[]> {
  const rows = await tx.query<StandingRow>(
    `SELECT digest, column_name, source, state, streak, reason FROM standings WHERE tenant = $1 AND model = $2`,
    [tenant, model],
    { name: 'monitor_standings' },
  );
  return rows.map(({ column_name: column, ...row }) => ({ ...row, column }));
}

async function save(
  tx: Queryable,
  tenant: string,
  model: string,
  { judgedUntilUs, standings, changes }: WatchOutcome,
  nowUs: bigint,
): Promise<void> {
  await tx.query(
    'UPDATE model_progress SET judged_until_us = $3 WHERE tenant = $1 AND model = $2',
    [tenant, model, judgedUntilUs],
    { name: 'monitor_judged' },
  );
  await saveStandings(tx, tenant, model, standings);
  const seen = new Set<string>();
  const known = new Set(
    (await alertStore(tx).list(tenant, { model, firingOnly: true })).map((a) => a.alertId),
  );
  for (const alert of changes) {
    await saveAlert(tx, tenant, alert);
    const isNew = !known.has(alert.alertId) && !seen.has(alert.alertId);
    await enqueue(tx, alertEvents(tenant, alert, isNew, nowUs));
    seen.add(alert.alertId);
  }
}

async function saveStandings(
  tx: Queryable,
  tenant: string,
  model: string,
  standings: readonly ColumnStanding[],
): Promise<void> {
  await tx.query(
    `INSERT INTO standings (tenant, model, digest, column_name, source, state, streak, reason)
     SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[])
     ON CONFLICT (tenant, model, digest, column_name) DO UPDATE SET source = excluded.source,
       state = excluded.state, streak = excluded.streak, reason = excluded.reason`,
    [
      tenant,
      model,
      standings.map(({ digest }) => digest),
      standings.map(({ column }) => column),
      standings.map(({ source }) => source),
      standings.map(({ state }) => state),
      standings.map(({ streak }) => streak),
      standings.map(({ reason }) => reason),
    ],
    { name: 'monitor_save_standings' },
  );
}
