import type { Transaction } from '@plumbline/sql';
import { type LogTables } from '../domain/append-batch.ts';
import { type Segment } from '../domain/segment.ts';
import { SEGMENT_COLUMNS, segmentOf, type SegmentRow } from './segment-row.ts';
import { readSequences } from './sequence-rows.ts';
import { writeLog } from './write-log.ts';

/** Nothing that holds the head's lock pauses for so long while it runs. */
const FROZEN_MS = 5_000;

/** The log within a transaction, which must be READ COMMITTED: what follows the lock sees what came before it. */
export function logTables(tx: Transaction): LogTables {
  return {
    lockHead: () => lockHead(tx),
    segmentsUnder: (keys) => segmentsUnder(tx, keys),
    sequencesOf: (producers) => readSequences(tx, producers),
    write: (write) => writeLog(tx, write),
  };
}

/**
 * The row lock orders all appends; a process that freezes while it holds it loses its connection, and with it the lock.
 * Sequential scans are ruled out for the rest of the transaction: Postgres believes them cheaper than the index of ids
 * while the table is small, and would make one for every id of a batch.
 */
async function lockHead(tx: Transaction): Promise<{ nextIndex: bigint; committedAtUs: bigint }> {
  const [row] = await tx.query<{ next_index: bigint; committed_at_us: bigint }>(
    `SELECT next_index, committed_at_us, set_config('enable_seqscan', 'off', true),
            set_config('idle_in_transaction_session_timeout', '${FROZEN_MS}', true)
     FROM log_head FOR UPDATE`,
    [],
    { name: 'audit_lock_head' },
  );
  if (!row) throw new Error('the log has no head');
  return { nextIndex: row.next_index, committedAtUs: row.committed_at_us };
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
