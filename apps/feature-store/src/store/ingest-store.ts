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
  let claimed: ReadonlyMap<string, string> = new Map();
  return {
    async claimBatches(batchIds) {
      const claim = await claimBatches(tx, tenant, name, batchIds);
      claimed = claim.claimed;
      return claim.before;
    },
    hasPartition: (loadId, firstRow) => hasPartition(tx, tenant, name, loadId, firstRow),
    lockEntities: (refs) => lockEntities(tx, tenant, refs),
    readTiles: (refs) => readTiles(tx, tenant, refs),
    async survey(plan, rowKeys) {
      const taken = await survey.take(tx, tenant, plan, rowKeys);
      commit = taken.commit;
      return taken;
    },
    async writeBatches(results, changes) {
      const [first, ...more] = onlineStatements(tenant, changes.online);
      addHistory(first!, source, changes.history);
      addResults(first!, claimed, results);
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

interface Claim {
  readonly before: ReadonlyMap<string, BatchResult>;
  /** Addresses of the claimed rows by batch id; they stand still until the commit. */
  readonly claimed: ReadonlyMap<string, string>;
}

/**
 * Ids are claimed in one order, so that no two commits wait for each other. The lock lets a training set wait until no
 * commit with an earlier number is still in flight.
 */
async function claimBatches(
  tx: Transaction,
  tenant: string,
  source: string,
  batchIds: readonly string[],
): Promise<Claim> {
  const rows = await tx.query<{ batch_id: string; address: string }>(
    `WITH in_flight AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(hashtextextended($1 || ' ' || $2, 1)))
     INSERT INTO ingest_batch (tenant, source, batch_id, digest, rows_accepted, rows_quarantined)
     SELECT $1, $2, id, '', 0, 0 FROM in_flight CROSS JOIN unnest($3::text[]) AS id ORDER BY id
     ON CONFLICT (tenant, source, batch_id) DO NOTHING RETURNING batch_id, ctid::text AS address`,
    [tenant, source, batchIds],
    { name: 'claim-batches' },
  );
  const claimed = new Map(rows.map((row) => [row.batch_id, row.address]));
  const known = batchIds.filter((batchId) => !claimed.has(batchId));
  return { claimed, before: known.length === 0 ? new Map() : await readResults(tx, tenant, source, known) };
}

async function readResults(
  tx: Transaction,
  tenant: string,
  source: string,
  batchIds: readonly string[],
): Promise<Map<string, BatchResult>> {
  const rows = await tx.query<{
    batch_id: string;
    digest: string;
    rows_accepted: number;
    rows_quarantined: number;
  }>(
    `SELECT batch_id, digest, rows_accepted, rows_quarantined FROM ingest_batch
     WHERE tenant = $1 AND source = $2 AND batch_id = ANY ($3::text[])`,
    [tenant, source, batchIds],
  );
  const resultOf = (row: (typeof rows)[number]): BatchResult => ({
    batchId: row.batch_id,
    digest: row.digest,
    accepted: row.rows_accepted,
    quarantined: row.rows_quarantined,
  });
  return new Map(rows.map((row) => [row.batch_id, resultOf(row)]));
}

function addResults(
  statement: Statement,
  claimed: ReadonlyMap<string, string>,
  results: readonly BatchResult[],
): void {
  statement.add('results', [
    `UPDATE ingest_batch b SET digest = u.digest, rows_accepted = u.accepted, rows_quarantined = u.quarantined
     FROM unnest(`,
    ['tid[]', results.map(({ batchId }) => claimed.get(batchId))],
    ['text[]', results.map(({ digest }) => digest)],
    ['int[]', results.map(({ accepted }) => accepted)],
    ['int[]', results.map(({ quarantined }) => quarantined)],
    ') AS u (address, digest, accepted, quarantined) WHERE b.ctid = u.address',
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
