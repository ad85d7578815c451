import type { Value, ValueType } from '@plumbline/expressions';
import type { SourcePlan } from './catalogue.ts';
import type { HistoryRow, SealedRows } from './row-store.ts';

/** Some rows of a file, in file order. */
export interface FileChunk {
  /** 0-based number of the first row in the file. */
  readonly firstRow: number;
  readonly count: number;
  /** Value of a raw column of the source, given the row's index in this chunk. */
  value(column: number, index: number): Value;
}

/** A file opened for one source. */
export interface RowFile {
  /** `sha256:…` over the file's bytes. */
  readonly digest: string;
  readonly rowCount: number;
  /** For each raw column of the source the type that the file gives it. */
  readonly types: readonly ValueType[];
  /** The rows from `firstRow` on, in file order. Throws FILE_MALFORMED where the file cannot be decoded. */
  rows(firstRow: number): AsyncIterable<FileChunk>;
}

export interface FileStore {
  /**
   * Opens a Parquet file. Throws FILE_NOT_FOUND or FILE_MALFORMED. `rowNumberColumn` names a raw column of the source
   * that is filled with the 0-based row number; empty: none.
   */
  open(path: string, source: SourcePlan, rowNumberColumn: string): Promise<RowFile>;
}

export interface SealStore {
  /** Writes rows, in the order given, to an immutable Parquet object. Equal rows give equal digests. */
  seal(source: SourcePlan, rows: readonly HistoryRow[]): Promise<SealedRows>;
}

/** What the ledger says of a partition that was loaded before. */
export interface LoadedPartition {
  readonly firstRow: number;
  readonly endRow: number;
  readonly rowsRead: number;
  readonly rowsAccepted: number;
  readonly rowsQuarantined: number;
}

export interface LedgerStore {
  /** The partitions of a load that are committed, by first row. */
  loadedPartitions(tenant: string, source: string, loadId: string): Promise<LoadedPartition[]>;
}
