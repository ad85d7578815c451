import type { Value } from '@plumbline/expressions';
import type { Micros } from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';
import type { HistoryStore, PastRow } from './history-store.ts';

/** Receives every row of a source's history with its derived columns and all versions of it together. */
export interface HistorySink {
  /** A row's versions, oldest commit first; most rows have one. */
  take(versions: readonly PastRow[], values: readonly (readonly Value[])[]): void;
}

export interface HistoryRange {
  readonly tenant: string;
  readonly source: SourcePlan;
  readonly watermark: number;
  /** Rows known later are not there; 0: no cut. */
  readonly knownBy: Micros;
}

/**
 * Reads a source's history once and hands it to sinks: rows without corrections as they come, corrected ones at the
 * end, when all their versions are together. Yields the number of rows read so far.
 */
export async function* readHistory(
  store: HistoryStore,
  { tenant, source, watermark, knownBy }: HistoryRange,
  sinks: readonly HistorySink[],
): AsyncGenerator<number> {
  const corrected = await store.correctedKeys(tenant, source, watermark);
  const versions = new Map<string, PastRow[]>();
  const derive = (row: PastRow): Value[] =>
    source.program.derive(row.values.slice(0, source.program.rawCount));
  let count = 0;
  for await (const block of store.rows(tenant, source, watermark)) {
    for (const row of block) {
      if (knownBy > 0 && row.known > knownBy) continue;
      const key = corrected.size === 0 ? undefined : store.rowKeyOf(source, row);
      if (key === undefined || !corrected.has(key)) {
        const values = [derive(row)];
        for (const sink of sinks) sink.take([row], values);
      } else {
        const known = versions.get(key) ?? [];
        known.push(row);
        versions.set(key, known);
      }
    }
    yield (count += block.length);
  }
  for (const rows of versions.values()) {
    const values = rows.map(derive);
    for (const sink of sinks) sink.take(rows, values);
  }
}
