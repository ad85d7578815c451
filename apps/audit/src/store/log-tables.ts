import { enqueue } from '@plumbline/events';
import type { Transaction } from '@plumbline/sql';
import { type LogTables } from '../domain/append-batch.ts';
import { type LogWrite, type NewPayload } from '../domain/plan-append.ts';
import { type Segment } from '../domain/segment.ts';
import { concatenate } from './concatenation.ts';
import { recordedEvents } from './recorded-events.ts';
import { SEGMENT_COLUMNS, kindNumber, segmentOf, type SegmentRow } from './segment-row.ts';
import { readSequences, writeSequences } from './sequence-rows.ts';

/** The log within a transaction, which must be READ COMMITTED: what follows the lock sees what came before it. */
export function logTables(tx: Transaction): LogTables {
  return {
    async lockHead() {
      const [row] = await tx.query<{ next_index: bigint; committed_at_us: bigint }>(
        'SELECT next_index, committed_at_us FROM log_head FOR UPDATE',
        [],
        { name: 'audit_lock_head' },
      );
      if (!row) throw new Error('the log has no head');
      return { nextIndex: row.next_index, committedAtUs: row.committed_at_us };
    },
    segmentsUnder: (keys) => segmentsUnder(tx, keys),
    sequencesOf: (producers) => readSequences(tx, producers),
    write: (write) => writeLog(tx, write),
  };
}

/** One index probe per key: an array-overlap condition would make the index compare every hit with every key. */
async function segmentsUnder(tx: Transaction, keys: readonly bigint[]): Promise<Segment[]> {
  const rows = await tx.query<SegmentRow>(
    `SELECT DISTINCT ON (first_index) ${SEGMENT_COLUMNS} FROM unnest($1::bigint[]) AS wanted (key)
     CROSS JOIN LATERAL (SELECT * FROM segments WHERE id_keys @> ARRAY[wanted.key] OFFSET 0) AS held
     ORDER BY first_index`,
    [keys],
    { name: 'audit_segments_under' },
  );
  return rows.map(segmentOf);
}

async function writeLog(tx: Transaction, write: LogWrite): Promise<void> {
  await writeSequences(tx, write.sequences);
  if (write.segments.length === 0) return;
  await insertSegments(tx, write.segments);
  await insertPayloads(tx, write.payloads);
  await countRecords(tx, write.segments);
  await enqueue(tx, write.facts.flatMap(recordedEvents));
  await tx.query(
    'UPDATE log_head SET next_index = $1, committed_at_us = $2',
    [write.nextIndex, write.committedAtUs],
    { name: 'audit_move_head' },
  );
}

async function insertSegments(tx: Transaction, segments: readonly Segment[]): Promise<void> {
  const packed = concatenate(segments.map((segment) => segment.packed));
  const models = concatenate(segments.map((segment) => segment.modelDigest));
  const keys = segments.flatMap((segment) => segment.idKeys);
  const keyCounts = segments.map((segment) => segment.idKeys.length);
  let keyOffset = 0;
  const keyOffsets = keyCounts.map((count) => (keyOffset += count) - count);
  await tx.query(
    `INSERT INTO segments (${SEGMENT_COLUMNS})
     SELECT first_index, tenant, kind, substring($5::bytea FROM model_at + 1 FOR model_length), committed_at_us,
            record_count, ($8::bigint[])[key_at + 1 : key_at + key_count],
            substring($11::bytea FROM packed_at + 1 FOR packed_length)
     FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::bigint[], $6::int[], $7::int[], $9::int[], $10::int[],
                 $12::int[], $13::int[], $14::int[])
       AS s (first_index, tenant, kind, committed_at_us, model_at, model_length, key_at, key_count,
             packed_at, packed_length, record_count)`,
    [
      segments.map(({ firstIndex }) => firstIndex),
      segments.map(({ tenant }) => tenant),
      segments.map(({ kind }) => kindNumber(kind)),
      segments.map(({ committedAtUs }) => committedAtUs),
      models.bytes,
      models.offsets,
      models.lengths,
      keys,
      keyOffsets,
      keyCounts,
      packed.bytes,
      packed.offsets,
      packed.lengths,
      segments.map(({ count }) => count),
    ],
    { name: 'audit_insert_segments' },
  );
}

async function insertPayloads(tx: Transaction, payloads: readonly NewPayload[]): Promise<void> {
  if (payloads.length === 0) return;
  const { bytes, offsets, lengths } = concatenate(payloads.map((payload) => payload.bytes));
  await tx.query(
    `INSERT INTO payloads (tenant, leaf_index, payload)
     SELECT tenant, leaf_index, substring($3::bytea FROM payload_at + 1 FOR payload_length)
     FROM unnest($1::text[], $2::bigint[], $4::int[], $5::int[])
       AS p (tenant, leaf_index, payload_at, payload_length)`,
    [
      payloads.map(({ tenant }) => tenant),
      payloads.map(({ leafIndex }) => leafIndex),
      bytes,
      offsets,
      lengths,
    ],
    { name: 'audit_insert_payloads' },
  );
}

async function countRecords(tx: Transaction, segments: readonly Segment[]): Promise<void> {
  await tx.query(
    `INSERT INTO record_counts AS counted (tenant, kind, records)
     SELECT tenant, kind, sum(count) FROM unnest($1::text[], $2::smallint[], $3::int[]) AS s (tenant, kind, count)
     GROUP BY tenant, kind
     ON CONFLICT (tenant, kind) DO UPDATE SET records = counted.records + excluded.records`,
    [
      segments.map(({ tenant }) => tenant),
      segments.map(({ kind }) => kindNumber(kind)),
      segments.map(({ count }) => count),
    ],
    { name: 'audit_count_records' },
  );
}
