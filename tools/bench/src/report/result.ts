import { median } from '../statistics/quantile.ts';

export type Sense = 'atLeast' | 'atMost';

/** One measured figure, as out/bench/<area>.json holds it. */
export interface Result {
  readonly id: string;
  /** Of ratios and repeated figures the median of `runs`. */
  readonly value: number;
  readonly unit: string;
  /** What the value must reach or keep to; null: it is shown for information. */
  readonly bar: number | null;
  /** Which way is good. */
  readonly sense: Sense;
  /** False where a bar is missed. */
  readonly pass: boolean;
  /** The figure of every round, in order. */
  readonly runs: readonly number[];
  readonly note: string;
}

export interface Figure {
  readonly id: string;
  readonly unit: string;
  /** At least one. */
  readonly runs: readonly number[];
  readonly sense?: Sense;
  readonly bar?: number;
  readonly note?: string;
  /** Where it is not the median of the runs. */
  readonly value?: number;
}

/** Judges a figure by its bar, before anything is rounded. */
export function resultOf({ id, unit, runs, sense = 'atLeast', bar, note = '', value }: Figure): Result {
  const figure = value ?? median(runs);
  return {
    id,
    value: rounded(figure),
    unit,
    bar: bar ?? null,
    sense,
    pass: bar === undefined || (sense === 'atLeast' ? figure >= bar : figure <= bar),
    runs: runs.map(rounded),
    note,
  };
}

/** A figure that could not be had. It misses its bar, and a figure without a bar fails too. */
export function failedResult(id: string, problem: string): Result {
  return { id, value: 0, unit: '', bar: null, sense: 'atLeast', pass: false, runs: [], note: problem };
}

export function isUnmeasured({ runs }: Result): boolean {
  return runs.length === 0;
}

const SIGNIFICANT_DIGITS = 5;

function rounded(figure: number): number {
  return Number(figure.toPrecision(SIGNIFICANT_DIGITS));
}
