import { DistinctCounter } from './distinct-counter.ts';
import { errors } from './errors.ts';
import { EVENT_ID_BYTES, lookupKeys } from './event-id.ts';
import {
  RECORD_KINDS,
  type ReadCommitment,
  type RecordEntry,
  type RecordKind,
  type StoredRecord,
} from './record.ts';
import { entriesOf, type Segment } from './segment.ts';

/** Where in the log a listing goes on: before this leaf, which was committed then. */
export interface ListCursor {
  readonly leafIndex: bigint;
  readonly committedAtUs: bigint;
}

/** Which records are wanted; all conditions hold together. */
export interface RecordFilter {
  readonly kinds: readonly RecordKind[];
  /** 32 bytes; only records of this model version. */
  readonly modelDigest?: Uint8Array;
  /** Committed at or after this instant. */
  readonly fromUs?: bigint;
  /** Committed before this instant. */
  readonly untilUs?: bigint;
}

/** Reads of the log, each within one tenant. */
export interface RecordStore {
  /** The tenant's segments filed under any of the keys. */
  segmentsUnder(tenant: string, keys: readonly bigint[]): Promise<readonly Segment[]>;
  /** The segment that holds a leaf. */
  segmentAt(leafIndex: bigint): Promise<Segment | undefined>;
  /** Segments with matching records before the cursor, newest first, holding `maxRecords` records or all there are. */
  segmentsBefore(
    tenant: string,
    filter: RecordFilter,
    cursor: ListCursor | undefined,
    maxRecords: number,
  ): Promise<readonly Segment[]>;
  /** Payloads by leaf index; leaves without one are missing. */
  payloadsOf(tenant: string, leafIndexes: readonly bigint[]): Promise<ReadonlyMap<bigint, Uint8Array>>;
  /** Committed records by kind. */
  counts(tenant: string): Promise<ReadonlyMap<RecordKind, bigint>>;
  /** The tenant's segments of a kind in leaf order, in pages, with its oldest `maxRecords` records. */
  allSegments(tenant: string, kind: RecordKind, maxRecords: bigint): AsyncIterable<readonly Segment[]>;
}

export interface RecordPage {
  /** Newest first. */
  readonly records: readonly StoredRecord[];
  readonly next: ListCursor | undefined;
}

export interface KindCount {
  readonly kind: RecordKind;
  /** Committed records, as counted when they were. */
  readonly records: bigint;
  /** Leaves of the published tree. */
  readonly leaves: bigint;
  /** Distinct ids, counted anew over the leaves themselves. */
  readonly distinctIds: bigint;
}

export interface Records {
  /** Throws RECORD_NOT_FOUND. */
  byEventId(tenant: string, eventId: Uint8Array): Promise<RecordEntry>;
  /** Throws RECORD_NOT_FOUND, also for leaves of other tenants. */
  byLeafIndex(tenant: string, leafIndex: bigint): Promise<RecordEntry>;
  withPayload(entry: RecordEntry): Promise<StoredRecord>;
  /** One page, newest first. */
  list(
    tenant: string,
    filter: RecordFilter,
    page: { cursor?: ListCursor; size: number; payloads: boolean },
  ): Promise<RecordPage>;
  /** Counts of every kind that occurs. Reads all of the tenant's leaves. */
  count(tenant: string, treeSize: bigint): Promise<KindCount[]>;
}

export function createRecords(store: RecordStore, read: ReadCommitment): Records {
  async function withPayloads(entries: readonly RecordEntry[]): Promise<StoredRecord[]> {
    const [first] = entries;
    if (!first) return [];
    const payloads = await store.payloadsOf(
      first.tenant,
      entries.map(({ leafIndex }) => leafIndex),
    );
    return entries.map((entry) => withBytes(entry, payloads.get(entry.leafIndex)));
  }

  async function countKind(tenant: string, kind: RecordKind, records: bigint, treeSize: bigint) {
    const ids = new DistinctCounter(Number(records));
    let leaves = 0n;
    for await (const segments of store.allSegments(tenant, kind, records)) {
      for (const { leafIndex, commitment } of segments.flatMap((segment) => entriesOf(segment, read))) {
        ids.add(commitment.tenantDigest);
        if (leafIndex < treeSize) leaves += 1n;
      }
    }
    return { kind, records, leaves, distinctIds: BigInt(ids.size) };
  }

  return {
    async byEventId(tenant, eventId) {
      if (eventId.length !== EVENT_ID_BYTES) throw errors.INVALID_QUERY('an id has 16 bytes');
      const segments = await store.segmentsUnder(tenant, lookupKeys(tenant, eventId));
      const entries = segments.flatMap((segment) => entriesOf(segment, read));
      return found(entries.find((entry) => Buffer.compare(entry.commitment.eventId, eventId) === 0));
    },
    async byLeafIndex(tenant, leafIndex) {
      const segment = await store.segmentAt(leafIndex);
      if (segment?.tenant !== tenant) return found(undefined);
      return found(entriesOf(segment, read).find((entry) => entry.leafIndex === leafIndex));
    },
    async withPayload(entry) {
      const [record] = await withPayloads([entry]);
      return record ?? withBytes(entry, undefined);
    },
    async list(tenant, filter, { cursor, size, payloads }) {
      const segments = await store.segmentsBefore(tenant, filter, cursor, size + 1);
      const entries = segments
        .flatMap((segment) => entriesOf(segment, read).toReversed())
        .filter(({ leafIndex }) => cursor === undefined || leafIndex < cursor.leafIndex);
      const page = entries.slice(0, size);
      const next = entries.length > size ? page.at(-1) : undefined;
      return {
        records: payloads ? await withPayloads(page) : page.map((entry) => withBytes(entry, undefined)),
        next,
      };
    },
    async count(tenant, treeSize) {
      const counts = await store.counts(tenant);
      const kinds = RECORD_KINDS.filter((kind) => counts.has(kind));
      return Promise.all(kinds.map((kind) => countKind(tenant, kind, counts.get(kind) ?? 0n, treeSize)));
    },
  };
}

const NO_BYTES = new Uint8Array(0);

function withBytes(entry: RecordEntry, payload: Uint8Array | undefined): StoredRecord {
  return { ...entry, payload: payload ?? NO_BYTES };
}

function found(entry: RecordEntry | undefined): RecordEntry {
  if (!entry) throw errors.RECORD_NOT_FOUND('the tenant has no such record');
  return entry;
}
