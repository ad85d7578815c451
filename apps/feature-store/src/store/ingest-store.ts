import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { RowsQuarantinedSchema } from '@plumbline/contract-events';
import { enqueue, eventOf } from '@plumbline/events';
import { encodeRow, ByteWriter } from '@plumbline/features';
import type { Clock } from '@plumbline/service';
import type { Database, Transaction } from '@plumbline/sql';
import type { SourcePlan } from '../domain/catalogue.ts';
import type {
  BatchResult,
  HistoryRow,
  IngestStore,
  IngestTransaction,
  PartitionRecord,
  QuarantinedRow,
} from '../domain/row-store.ts';
import { lockEntities, readTiles } from './commit-reads.ts';
import { packBytes } from './packed-bytes.ts';
import type { CommitSurvey } from './commit-survey.ts';
import type { Statement } from './statement.ts';
import { onlineStatements } from './write-online.ts';

export interface IngestStoreOptions {
  readonly database: Database;
  readonly survey: CommitSurvey;
  readonly clock: Clock;
  /** Bounds one commit. */
  readonly timeoutMs: number;
}

/** Commits rows to Postgres: history or ledger, online state, quarantine and event in one transaction. */
export function ingestStore({ database, survey, clock, timeoutMs }: IngestStoreOptions): IngestStore {
  return {
    ingest: (tenant, source, work, remainingMs = timeoutMs) =>
      database.transaction((tx) => work(ingestTransaction(tx, tenant, source, survey, clock)), {
        timeoutMs: Math.min(timeoutMs, Math.max(1, Math.floor(remainingMs))),
      }),
  };
}

function ingestTransaction(
  tx: Transaction,
  tenant: string,
  source: SourcePlan,
  survey: CommitSurvey,
  clock: Clock,
): IngestTransaction {
  const name = source.program.spec.name;
  let commit = 0;
  return {
    claimBatch: (batchId) => claimBatch(tx, tenant, name, batchId),
    hasPartition: (loadId, firstRow) => hasPartition(tx, tenant, name, loadId, firstRow),
    lockEntities: (refs) => lockEntities(tx, tenant, refs),
    readTiles: (refs) => readTiles(tx, tenant, refs),
    async survey(plan, rowKeys) {
      const taken = await survey.take(tx, tenant, plan, rowKeys);
      commit = taken.commit;
      return taken;
    },
    async writeBatch(batchId, result, changes) {
      const [first, ...more] = onlineStatements(tenant, changes.online);
      addHistory(first!, source, changes.history);
      addResult(first!, name, batchId, result);
      for (const statement of [first!, ...more]) await statement.run(tx);
      await writeQuarantine(tx, tenant, name, changes.quarantined, clock);
    },
    async writePartition(record, changes) {
      for (const statement of onlineStatements(tenant, changes.online)) await statement.run(tx);
      await writeLedger(tx, tenant, name, record, commit);
      await writeQuarantine(tx, tenant, name, changes.quarantined, clock);
    },
  };
}

/** The lock lets a training set wait until no commit with an earlier number is still in flight. */
async function claimBatch(
  tx: Transaction,
  tenant: string,
  source: string,
  batchId: string,
): Promise<BatchResult | undefined> {
  const claimed = await tx.query(
    `WITH in_flight AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(hashtextextended($1 || ' ' || $2, 1)))
     INSERT INTO ingest_batch (tenant, source, batch_id, digest, rows_accepted, rows_quarantined)
     SELECT $1, $2, $3, '', 0, 0 FROM in_flight ON CONFLICT (tenant, source, batch_id) DO NOTHING RETURNING 1`,
    [tenant, source, batchId],
    { name: 'claim-batch' },
  );
  if (claimed.length > 0) return undefined;
  const [row] = await tx.query<{ digest: string; rows_accepted: number; rows_quarantined: number }>(
    `SELECT digest, rows_accepted, rows_quarantined FROM ingest_batch
     WHERE tenant = $1 AND source = $2 AND batch_id = $3`,
    [tenant, source, batchId],
  );
  return { digest: row!.digest, accepted: row!.rows_accepted, quarantined: row!.rows_quarantined };
}

function addResult(
  statement: Statement,
  source: string,
  batchId: string,
  { digest, accepted, quarantined }: BatchResult,
): void {
  statement.add('result', [
    'UPDATE ingest_batch SET digest = ',
    ['text', digest],
    ', rows_accepted = ',
    ['int', accepted],
    ', rows_quarantined = ',
    ['int', quarantined],
    ' WHERE tenant = $1 AND source = ',
    ['text', source],
    ' AND batch_id = ',
    ['text', batchId],
  ]);
}

function addHistory(statement: Statement, source: SourcePlan, rows: readonly HistoryRow[]): void {
  const types = source.program.spec.columns.map((column) => column.type);
  const writer = new ByteWriter();
  const bodies = packBytes(rows.map(({ row }) => encodeRow(types, row.values, writer)));
  statement.add('rows', [
    `INSERT INTO history (tenant, source, row_key, sequence, event_us, known_us, correction, body)
     SELECT $1, `,
    ['text', source.program.spec.name],
    ', u.row_key, u.sequence, u.event_us, u.known_us, u.correction, substring(',
    ['bytea', bodies.bytes],
    ' FROM u.start FOR u.size) FROM unnest(',
    ['text[]', rows.map(({ row }) => row.rowKey)],
    ['bigint[]', rows.map(({ sequence }) => sequence)],
    ['bigint[]', rows.map(({ row }) => row.event)],
    ['bigint[]', rows.map(({ row }) => row.known)],
    ['boolean[]', rows.map(({ correction }) => correction)],
    ['int[]', bodies.offsets],
    ['int[]', bodies.lengths],
    ') AS u (row_key, sequence, event_us, known_us, correction, start, size)',
  ]);
}

async function hasPartition(
  tx: Transaction,
  tenant: string,
  source: string,
  loadId: string,
  firstRow: number,
): Promise<boolean> {
  await tx.query(
    `SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2 || ' ' || $3, 2)),
            pg_advisory_xact_lock_shared(hashtextextended($1 || ' ' || $2, 1))`,
    [tenant, source, loadId],
  );
  const rows = await tx.query(
    'SELECT 1 FROM sealed_partition WHERE tenant = $1 AND source = $2 AND load_id = $3 AND first_row = $4',
    [tenant, source, loadId, firstRow],
  );
  return rows.length > 0;
}

async function writeLedger(
  tx: Transaction,
  tenant: string,
  source: string,
  record: PartitionRecord,
  commit: number,
): Promise<void> {
  const { sealed } = record;
  await tx.query(
    `INSERT INTO sealed_partition (tenant, source, load_id, first_row, end_row, file_digest, rows_read,
       rows_accepted, rows_quarantined, rows_repeated, commit_number, object_digest, object_bytes, row_key_filter,
       has_corrections)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    [
      ...[tenant, source, record.loadId, record.firstRow, record.endRow, record.fileDigest, record.rowsRead],
      ...[record.rowsAccepted, record.rowsQuarantined, record.rowsRepeated, commit],
      ...[sealed?.digest ?? null, sealed?.sizeBytes ?? null, sealed?.rowKeyFilter ?? null],
      sealed?.hasCorrections ?? false,
    ],
  );
}

async function writeQuarantine(
  tx: Transaction,
  tenant: string,
  source: string,
  rows: readonly QuarantinedRow[],
  clock: Clock,
): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO quarantine (tenant, source, origin, reason, detail, raw)
     SELECT $1, $2, o, r, d, convert_to(w, 'UTF8') FROM unnest($3::text[], $4::text[], $5::text[], $6::text[])
       WITH ORDINALITY AS q (o, r, d, w, position) ORDER BY position`,
    [
      tenant,
      source,
      rows.map((row) => row.origin),
      rows.map((row) => row.fault.reason),
      rows.map((row) => row.fault.detail),
      rows.map((row) => row.raw),
    ],
  );
  await announce(tx, tenant, clock, 'rows-quarantined', RowsQuarantinedSchema, {
    source,
    rows: BigInt(rows.length),
    reasons: countReasons(rows),
  });
}

function countReasons(rows: readonly QuarantinedRow[]): Record<string, bigint> {
  const counts: Record<string, bigint> = {};
  for (const { fault } of rows) counts[fault.reason] = (counts[fault.reason] ?? 0n) + 1n;
  return counts;
}

async function announce<S extends DescMessage>(
  tx: Transaction,
  tenant: string,
  clock: Clock,
  event: string,
  schema: S,
  message: MessageInitShape<S>,
): Promise<void> {
  const subject = `plumbline.features.${event}`;
  await enqueue(tx, [eventOf(schema, message, { subject, tenant, nowUs: clock.nowUs() })]);
}
