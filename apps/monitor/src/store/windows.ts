import type { Queryable } from '@plumbline/sql';
import { mergeCells } from '@plumbline/statistics';
import type { DriftStore } from '../domain/measure-drift.ts';
import type { WindowCells } from '../domain/judge-window.ts';
import type { VersionSpan } from '../domain/take-predictions.ts';
import type { DigestWindow } from '../domain/watch-drift.ts';
import { parseCounts } from './array-literal.ts';

export async function sumCells(
  queryable: Queryable,
  tenant: string,
  model: string,
  { digest, fromUs, toUs }: DigestWindow,
): Promise<WindowCells> {
  const rows = await queryable.query<{ column_name: string; cells: string }>(
    `SELECT column_name, cells::text AS cells FROM histograms
     WHERE tenant = $1 AND model = $2 AND step_us >= $3 AND step_us < $4 AND digest = $5`,
    [tenant, model, fromUs, toUs, digest],
    { name: 'monitor_window' },
  );
  const sums = new Map<string, number[]>();
  for (const { column_name: column, cells } of rows) {
    const counts = parseCounts(cells);
    const sum = sums.get(column);
    sums.set(column, sum === undefined ? counts : mergeCells(sum, counts));
  }
  return sums;
}

export async function versionSpans(
  queryable: Queryable,
  tenant: string,
  model: string,
  sinceUs: bigint,
): Promise<VersionSpan[]> {
  const rows = await queryable.query<{ digest: string; first_us: bigint; last_us: bigint }>(
    `SELECT digest, first_us, last_us FROM version_progress
     WHERE tenant = $1 AND model = $2 AND last_us >= $3 ORDER BY digest`,
    [tenant, model, sinceUs],
    { name: 'monitor_spans' },
  );
  return rows.map((row) => ({ model, digest: row.digest, firstUs: row.first_us, lastUs: row.last_us }));
}

export async function filledSteps(
  queryable: Queryable,
  tenant: string,
  model: string,
  sinceUs: bigint,
): Promise<bigint[]> {
  const rows = await queryable.query<{ step_us: bigint }>(
    `SELECT DISTINCT step_us FROM histograms WHERE tenant = $1 AND model = $2 AND step_us >= $3 ORDER BY step_us`,
    [tenant, model, sinceUs],
    { name: 'monitor_filled_steps' },
  );
  return rows.map((row) => row.step_us);
}

export function driftStore(queryable: Queryable): DriftStore {
  return {
    spans: (tenant, model, sinceUs) => versionSpans(queryable, tenant, model, sinceUs),
    sumCells: (tenant, model, window) => sumCells(queryable, tenant, model, window),
  };
}
