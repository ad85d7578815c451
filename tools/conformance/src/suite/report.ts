import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CheckResult, Outcome } from './outcome.ts';

/** What a run found out, as it is written to the JSON file. */
export interface Report {
  /** host:port that was judged. */
  readonly address: string;
  /** Name and version as the server tells them. */
  readonly server: {
    readonly name: string;
    readonly version: string;
    readonly extensions: readonly string[];
  };
  readonly seconds: number;
  /** Every group that was asked for; a group that could not run has one skipped result. */
  readonly results: readonly CheckResult[];
}

const OUTCOMES: readonly Outcome[] = ['pass', 'fail', 'not offered', 'skipped'];

export type Totals = Readonly<Record<Outcome, number>>;

export function totalsOf(results: readonly CheckResult[]): Totals {
  const count = (outcome: Outcome) => results.filter((result) => result.outcome === outcome).length;
  return Object.fromEntries(OUTCOMES.map((outcome) => [outcome, count(outcome)])) as Record<Outcome, number>;
}

export function writeReport(file: string, report: Report): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ ...report, totals: totalsOf(report.results) }, null, 2)}\n`);
}

/** One line of the table. */
export function resultLine({ id, title, outcome, reason }: CheckResult): string {
  const line = `  ${outcome.padEnd(11)}  ${id.padEnd(38)}  ${title}`;
  return reason === '' ? line : `${line}\n${' '.repeat(15)}${reason}`;
}

/** The closing table: groups by outcomes. */
export function totalsTable(results: readonly CheckResult[]): string {
  const groups = [...new Set(results.map(({ group }) => group))];
  const rows = groups.map((group) => [group, totalsOf(results.filter((result) => result.group === group))]);
  const line = (name: string, cells: readonly (string | number)[]) =>
    `  ${name.padEnd(10)}${cells.map((cell) => String(cell).padStart(13)).join('')}`;
  return [
    line('', OUTCOMES),
    ...rows.map(([group, totals]) => line(group as string, cellsOf(totals as Totals))),
    line('all', cellsOf(totalsOf(results))),
  ].join('\n');
}

const cellsOf = (totals: Totals): number[] => OUTCOMES.map((outcome) => totals[outcome]);
