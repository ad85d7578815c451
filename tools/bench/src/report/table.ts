import type { Result } from './result.ts';

const PEER = 'peer-';

/** The results as lines for a terminal; figures of a peer (`peer-<id>`) stand in the row of ours. */
export function tableOf(results: readonly Result[]): string[] {
  const peers = new Map(
    results.flatMap((result) => (result.id.startsWith(PEER) ? [[result.id.slice(PEER.length), result]] : [])),
  );
  const own = results.filter(({ id }) => !id.startsWith(PEER));
  const head = ['figure', 'ours', ...(peers.size > 0 ? ['peer'] : []), 'unit', 'bar', '', 'rounds', 'note'];
  const rows = own.map((result) => [
    result.id,
    result.runs.length === 0 ? '–' : shown(result.value),
    ...(peers.size > 0 ? [peerFigure(peers.get(result.id))] : []),
    result.unit,
    barOf(result),
    markOf(result),
    spreadOf(result.runs),
    result.note,
  ]);
  return aligned([head, ...rows], new Set([1, ...(peers.size > 0 ? [2] : [])]));
}

/** One line for each result that has a bar. */
export function judgementsOf(results: readonly Result[]): string[] {
  return results
    .filter(({ bar }) => bar !== null)
    .map(
      (result) => `${markOf(result)} ${result.id}: ${shown(result.value)} ${result.unit} (${barOf(result)})`,
    );
}

/** Three significant digits; whole thousands in groups. */
export function shown(figure: number): string {
  if (Math.abs(figure) >= 100) return Math.round(figure).toLocaleString('en-US');
  return String(Number(figure.toPrecision(3)));
}

function peerFigure(result: Result | undefined): string {
  return result === undefined ? '' : shown(result.value);
}

function barOf({ bar, sense }: Result): string {
  return bar === null ? '' : `${sense === 'atLeast' ? '≥' : '≤'} ${shown(bar)}`;
}

function markOf({ bar, pass }: Result): string {
  if (!pass) return '✗';
  return bar === null ? '' : '✓';
}

function spreadOf(runs: readonly number[]): string {
  return runs.length < 2 ? '' : `${shown(Math.min(...runs))} … ${shown(Math.max(...runs))}`;
}

function aligned(rows: readonly (readonly string[])[], toTheRight: ReadonlySet<number>): string[] {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return toTheRight.has(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
