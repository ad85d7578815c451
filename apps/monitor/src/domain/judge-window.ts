import {
  assessDrift,
  emptyCells,
  type Cells,
  type ColumnBaseline,
  type ColumnDrift,
} from '@plumbline/statistics';
import { SCORE_SOURCE, type ColumnStanding } from './decide-alerts.ts';
import { DRIFT_POLICY } from './policy.ts';

/** Summed cells of a version by column name. */
export type WindowCells = ReadonlyMap<string, Cells>;

/** Drift of each column of a version in one window, in the order of its baseline. */
export function judgeWindow(columns: readonly ColumnBaseline[], window: WindowCells): ColumnDrift[] {
  const cells = columns.map((column) => window.get(column.name) ?? emptyCells(column.edges));
  return assessDrift(columns, cells, DRIFT_POLICY);
}

/**
 * The standings after a window: a verdict like the last one lengthens the streak, another one begins anew, and a
 * window with too few values changes nothing.
 */
export function updateStandings(
  digest: string,
  before: readonly ColumnStanding[],
  verdicts: readonly ColumnDrift[],
): ColumnStanding[] {
  return verdicts.flatMap((verdict) => {
    const last = before.find((standing) => standing.column === verdict.name);
    if (verdict.state === 'INSUFFICIENT_DATA') return last === undefined ? [] : [last];
    const streak = last?.state === verdict.state ? last.streak + 1 : 1;
    const source = verdict.source === '' ? SCORE_SOURCE : verdict.source;
    const { name: column, state } = verdict;
    return [{ digest, column, source, state, streak, reason: explain(verdict) }];
  });
}

/** One sentence with the figures that decided. */
export function explain(verdict: ColumnDrift): string {
  const { name, psi, threshold, qValue, m, n, overallPsi, missingRate, baselineMissingRate } = verdict;
  const rates = `missing ${percent(missingRate)}, in the baseline ${percent(baselineMissingRate)}`;
  return (
    `${name}: PSI ${psi.toFixed(3)} to the most similar stretch of the baseline, threshold ${threshold.toFixed(3)}, ` +
    `q = ${qValue.toPrecision(2)}, m = ${m}, n = ${n}, PSI to the whole baseline ${overallPsi.toFixed(3)}, ${rates}`
  );
}

function percent(rate: number): string {
  return `${(100 * rate).toFixed(1)} %`;
}
