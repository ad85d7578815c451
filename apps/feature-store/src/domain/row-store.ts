import type { Value } from '@plumbline/expressions';
import type { AdmittedRow, Fault, Micros, RowVersion } from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';

/** An entity of a view version. */
export interface EntityRef {
  readonly viewId: number;
  readonly key: string;
}

/** What is kept online of an entity beside its tiles. */
export interface EntityState {
  /** Sequence of the newest row applied to the entity. */
  readonly sequence: number;
  /** First instant at which one of its rows is visible. */
  readonly firstSeen: Micros;
  /** Newest event that is not in the future; -Infinity: none. */
  readonly newestEvent: Micros;
  /** Tiles that start before are not kept; -Infinity: all are. */
  readonly retainedFrom: Micros;
  /** Encoded latest rows; empty without latest columns. */
  readonly latest: Buffer;
}

export interface TileRef extends EntityRef {
  readonly start: Micros;
}

export interface TileChange extends TileRef {
  readonly body: Buffer;
}

export interface EntityChange extends EntityRef {
  readonly state: EntityState;
}

/** What a commit changes online. */
export interface OnlineChanges {
  readonly entities: readonly EntityChange[];
  readonly tiles: readonly TileChange[];
  /** Tiles of the entity that start before `before` go. */
  readonly trims: readonly (EntityRef & { readonly before: Micros })[];
}

/** A version of a row as history has it. `values` are the raw columns. */
export interface StoredVersion extends RowVersion {
  readonly values: readonly Value[];
}

/** A row to be kept in history; its raw columns come first among the values. */
export interface HistoryRow {
  readonly row: AdmittedRow;
  readonly sequence: number;
  /** Whether an earlier version of the row is kept too. */
  readonly correction: boolean;
}

/** A row that failed its checks, with everything needed to mend and replay it. */
export interface QuarantinedRow {
  /** `file sha256:… row 17` or `batch <id> row 3`. */
  readonly origin: string;
  readonly fault: Fault;
  /** The raw row as JSON. */
  readonly raw: string;
}

/** The result of a batch, kept so that its repetition answers alike. */
export interface BatchResult {
  readonly batchId: string;
  /** Identifies the rows; another digest under the same id is another batch. */
  readonly digest: string;
  readonly accepted: number;
  readonly quarantined: number;
}

/** Rows of a file that were committed together. Rows are counted once: read = accepted + quarantined + repeated. */
export interface PartitionRecord {
  readonly loadId: string;
  readonly fileDigest: string;
  /** File rows [firstRow, endRow). */
  readonly firstRow: number;
  readonly endRow: number;
  readonly rowsRead: number;
  readonly rowsAccepted: number;
  readonly rowsQuarantined: number;
  readonly rowsRepeated: number;
  /** The sealed rows; undefined when none was accepted. */
  readonly sealed: SealedRows | undefined;
}

/** Accepted rows as an immutable Parquet object, with the filter that tells which row keys it may hold. */
export interface SealedRows {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly rowKeyFilter: Uint8Array;
  readonly hasCorrections: boolean;
}

/** What a commit learns once it holds its locks. */
export interface Survey {
  /** The commit's number: greater than all before that met one of its entities. */
  readonly commit: number;
  /** Every stored version of its row keys. */
  readonly priors: ReadonlyMap<string, readonly StoredVersion[]>;
}

/** The reads and writes of one ingesting transaction of one tenant. Nothing is visible before it commits. */
export interface CommitStore {
  /**
   * Locks the entities in one global order until the commit and answers those that exist. From here on no other
   * commit changes them, and every sequence taken is greater than any they have seen.
   */
  lockEntities(refs: readonly EntityRef[]): Promise<ReadonlyMap<string, EntityState>>;
  /**
   * Numbers the commit and finds what is stored of its row keys, in live history and sealed partitions. Throws
   * CATALOGUE_STALE when the definitions that the source belongs to are not the newest any more.
   */
  survey(source: SourcePlan, rowKeys: readonly string[]): Promise<Survey>;
  /** Bodies of the tiles that exist, by {@link tileId}. */
  readTiles(refs: readonly TileRef[]): Promise<ReadonlyMap<string, Buffer>>;
}

export const entityId = (ref: EntityRef): string => `${ref.viewId} ${ref.key}`;
export const tileId = (ref: TileRef): string => `${ref.viewId} ${ref.start} ${ref.key}`;

/** One ingesting transaction: the reads of a commit, and its writes. */
export interface IngestTransaction extends CommitStore {
  /** Claims batch ids until the commit; answers, by id, the results of those that were committed before. */
  claimBatches(batchIds: readonly string[]): Promise<ReadonlyMap<string, BatchResult>>;
  /** Writes what claimed batches amount to. */
  writeBatches(results: readonly BatchResult[], changes: BatchChanges): Promise<void>;
  /** Whether the partition is in the ledger. Claims it until the commit when it is not. */
  hasPartition(loadId: string, firstRow: number): Promise<boolean>;
  writePartition(record: PartitionRecord, changes: PartitionChanges): Promise<void>;
}

export interface PartitionChanges {
  readonly online: OnlineChanges;
  readonly quarantined: readonly QuarantinedRow[];
}

export interface BatchChanges extends PartitionChanges {
  readonly history: readonly HistoryRow[];
}

export interface IngestStore {
  /**
   * Runs `work` in one transaction over one source; run again when it deadlocks. `remainingMs` bounds it where the
   * caller has less time than the store allows.
   */
  ingest<T>(
    tenant: string,
    source: SourcePlan,
    work: (tx: IngestTransaction) => Promise<T>,
    remainingMs?: number,
  ): Promise<T>;
}
