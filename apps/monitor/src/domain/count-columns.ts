import { cellOf, emptyCells, increment, type ColumnBaseline } from '@plumbline/statistics';
import { EVALUATION_STEP_US } from './policy.ts';
import type { MonitoredVersion } from './monitored-version.ts';
import type { PredictionFacts } from './prediction-facts.ts';

/** What is to be added to one stored histogram. */
export interface HistogramIncrement {
  readonly model: string;
  readonly digest: string;
  readonly column: string;
  /** Start of the step of event time. */
  readonly stepUs: bigint;
  readonly cells: readonly number[];
}

/**
 * The values of the version's columns in one prediction, in the order of its baseline; missing ones null. A feature
 * is found under its own name or under that of the model input that carries it.
 */
export function columnValues(facts: PredictionFacts, columns: readonly ColumnBaseline[]): (number | null)[] {
  return columns.map((column, i) => {
    if (i === columns.length - 1) return facts.score;
    return facts.features.get(column.name) ?? facts.features.get(column.input) ?? null;
  });
}

/**
 * Histograms of these predictions by version, step and column, sorted by step, version and column, so that everyone
 * adds to stored ones in one order. Versions without a baseline have none.
 */
export function countColumns(
  predictions: readonly PredictionFacts[],
  versions: ReadonlyMap<string, MonitoredVersion>,
): HistogramIncrement[] {
  const increments = new Map<string, HistogramIncrement & { readonly cells: number[] }>();
  for (const facts of predictions) {
    const columns = versions.get(facts.digest)?.columns ?? [];
    const stepUs = facts.asOfUs - (facts.asOfUs % EVALUATION_STEP_US);
    const values = columnValues(facts, columns);
    columns.forEach((column, i) => {
      const key = [stepUs.toString().padStart(20, '0'), facts.model, facts.digest, column.name].join('\0');
      const entry = increments.get(key) ?? {
        model: facts.model,
        digest: facts.digest,
        column: column.name,
        stepUs,
        cells: emptyCells(column.edges),
      };
      increments.set(key, entry);
      increment(entry.cells, cellOf(column.edges, values[i]));
    });
  }
  return [...increments].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, entry]) => entry);
}
