import type { SourcePlan } from './catalogue.ts';
import type { StoredVersion } from './row-store.ts';

/** A row as history keeps it. */
export interface PastRow extends StoredVersion {
  readonly correction: boolean;
}

/** History as offline work reads it: sealed partitions and live rows as one. */
export interface HistoryStore {
  /**
   * The newest commit number of a source such that no commit with a number up to it is still in flight: history up to
   * a watermark never changes.
   */
  watermark(tenant: string, source: string): Promise<number>;
  /** Row keys with more than one version up to the watermark. */
  correctedKeys(tenant: string, source: SourcePlan, watermark: number): Promise<ReadonlySet<string>>;

  /** All rows up to the watermark in blocks, in commit order. */
  rows(tenant: string, source: SourcePlan, watermark: number): AsyncIterable<readonly PastRow[]>;
  /** The row key of a row's raw values. */
  rowKeyOf(source: SourcePlan, row: PastRow): string;
}
