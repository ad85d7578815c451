import type { Queryable } from '@plumbline/sql';
import { type RecordKind } from '../domain/record.ts';
import { type ListCursor, type RecordFilter, type RecordStore } from '../domain/records.ts';
import { type Segment } from '../domain/segment.ts';
import { SEGMENT_COLUMNS, kindNumber, kindOf, segmentOf, type SegmentRow } from './segment-row.ts';

/** Unpacking a page of full segments keeps the event loop for some 15 ms. */
const COUNT_PAGE = 50;

export function createRecordStore(database: Queryable): RecordStore {
  return {
    async segmentsUnder(tenant, keys) {
      const rows = await database.query<SegmentRow>(
        `SELECT ${SEGMENT_COLUMNS} FROM segments WHERE id_keys && $1::bigint[] AND tenant = $2`,
        [keys, tenant],
        { name: 'audit_tenant_segments_under' },
      );
      return rows.map(segmentOf);
    },
    async segmentAt(leafIndex) {
      const rows = await database.query<SegmentRow>(
        `SELECT ${SEGMENT_COLUMNS} FROM segments WHERE first_index <= $1 ORDER BY first_index DESC LIMIT 1`,
        [leafIndex],
      );
      return rows.map(segmentOf)[0];
    },
    segmentsBefore: (tenant, filter, cursor, maxRecords) =>
      segmentsBefore(database, tenant, filter, cursor, maxRecords),
    async payloadsOf(tenant, leafIndexes) {
      const rows = await database.query<{ leaf_index: bigint; payload: Buffer }>(
        'SELECT leaf_index, payload FROM payloads WHERE tenant = $1 AND leaf_index = ANY($2::bigint[])',
        [tenant, leafIndexes],
        { name: 'audit_payloads' },
      );
      return new Map(rows.map(({ leaf_index, payload }) => [leaf_index, payload]));
    },
    async counts(tenant) {
      const rows = await database.query<{ kind: number; records: bigint }>(
        'SELECT kind, records FROM record_counts WHERE tenant = $1',
        [tenant],
      );
      return new Map(rows.map(({ kind, records }) => [kindOf(kind), records]));
    },
    allSegments: (tenant, kind, maxRecords) => allSegments(database, tenant, kind, maxRecords),
  };
}

/** Finds the segments by the index first: a packed segment is long, and only few of those found may be needed. */
async function segmentsBefore(
  database: Queryable,
  tenant: string,
  filter: RecordFilter,
  cursor: ListCursor | undefined,
  maxRecords: number,
): Promise<Segment[]> {
  const found = await extentsBefore(database, tenant, filter, cursor, maxRecords);
  const rows = await database.query<SegmentRow>(
    `SELECT ${SEGMENT_COLUMNS} FROM segments WHERE first_index = ANY($1::bigint[]) ORDER BY first_index DESC`,
    [enough(found, cursor, maxRecords).map((extent) => extent.first_index)],
    { name: 'audit_segments_by_index' },
  );
  return rows.map(segmentOf);
}

type Extent = Pick<SegmentRow, 'first_index' | 'record_count'>;

/** Each kind is a run of the index by itself, so each is read backwards from the cursor and the runs are merged. */
function extentsBefore(
  database: Queryable,
  tenant: string,
  { kinds, modelDigest, fromUs, untilUs }: RecordFilter,
  cursor: ListCursor | undefined,
  maxSegments: number,
): Promise<Extent[]> {
  return database.query<Extent>(
    `SELECT held.* FROM unnest($2::smallint[]) AS wanted (kind)
     CROSS JOIN LATERAL (
       SELECT s.first_index, s.record_count FROM segments AS s
       WHERE s.tenant = $1 AND s.kind = wanted.kind
         AND ($3::bytea IS NULL OR s.model_sha256 = $3)
         AND s.committed_at_us >= coalesce($4::bigint, 0)
         AND s.committed_at_us < coalesce($5::bigint, 9223372036854775807)
         AND s.committed_at_us <= coalesce($6::bigint, 9223372036854775807)
         AND s.first_index < coalesce($7::bigint, 9223372036854775807)
       ORDER BY s.committed_at_us DESC, s.first_index DESC LIMIT $8
     ) AS held
     ORDER BY held.first_index DESC LIMIT $8`,
    [
      tenant,
      kinds.map(kindNumber),
      modelDigest ?? null,
      fromUs ?? null,
      untilUs ?? null,
      cursor?.committedAtUs ?? null,
      cursor?.leafIndex ?? null,
      maxSegments,
    ],
    { name: 'audit_extents_before' },
  );
}

/** As many of the segments as hold `maxRecords` records before the cursor. */
function enough(extents: readonly Extent[], cursor: ListCursor | undefined, maxRecords: number): Extent[] {
  let held = 0;
  return extents.filter(({ first_index, record_count }) => {
    if (held >= maxRecords) return false;
    const before = cursor === undefined ? record_count : Number(cursor.leafIndex - first_index);
    held += Math.min(record_count, before);
    return true;
  });
}

/** Ends with the records that had been counted when the caller asked: more are being appended meanwhile. */
async function* allSegments(
  database: Queryable,
  tenant: string,
  kind: RecordKind,
  maxRecords: bigint,
): AsyncGenerator<Segment[]> {
  let left = maxRecords;
  let after: Pick<SegmentRow, 'committed_at_us' | 'first_index'> = { committed_at_us: -1n, first_index: -1n };
  while (left > 0n) {
    const rows: SegmentRow[] = await database.query<SegmentRow>(
      `SELECT ${SEGMENT_COLUMNS} FROM segments
       WHERE tenant = $1 AND kind = $2 AND (committed_at_us, first_index) > ($3::bigint, $4::bigint)
       ORDER BY committed_at_us, first_index LIMIT ${COUNT_PAGE}`,
      [tenant, kindNumber(kind), after.committed_at_us, after.first_index],
      { name: 'audit_all_segments' },
    );
    const last = rows.at(-1);
    if (!last) return;
    const page = rows.filter(({ record_count }) => (left -= BigInt(record_count)) >= 0n);
    yield page.map(segmentOf);
    after = last;
  }
}
