import { createHash } from 'node:crypto';
import type { Value, ValueType } from '@plumbline/expressions';
import { Fault } from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';
import { commitRows } from './commit-rows.ts';
import { errors } from './errors.ts';
import { routeRow, type RoutedRow } from './route-rows.ts';
import type { BatchResult, IngestStore, IngestTransaction, QuarantinedRow } from './row-store.ts';

/** A value as a producer sent it, with the type that it was sent as; null is NULL. */
export type TypedValue = { readonly type: ValueType; readonly value: Exclude<Value, null> } | null;

export interface RowBatch {
  readonly batchId: string;
  readonly columns: readonly string[];
  /** Values in the order of `columns`. */
  readonly rows: readonly (readonly TypedValue[])[];
}

export interface IngestedBatch {
  readonly accepted: number;
  readonly quarantined: number;
  readonly alreadyApplied: boolean;
}

/** Rows of a batch, and of the batches that are committed together. */
export const MAX_ROWS = 10_000;
/** Printable characters, so that an id can be stored, logged and pasted. */
const BATCH_ID = /^[^\p{C}]{1,200}$/u;

/** A batch whose rows have been checked against their source; what remains needs the store. */
export interface CheckedBatch {
  readonly batch: RowBatch;
  /** Identifies the rows. */
  readonly digest: string;
  /** Length of the rows as JSON: about what they take in memory. */
  readonly sizeBytes: number;
  /** Rows that passed, with their places in the batch. */
  readonly routed: readonly { readonly row: RoutedRow; readonly index: number }[];
  readonly quarantined: readonly QuarantinedRow[];
  readonly nowUs: number;
}

/** Checks every row of a batch. Throws ROWS_INVALID when the batch itself is malformed. */
export function checkBatch(source: SourcePlan, batch: RowBatch, nowUs: number): CheckedBatch {
  const order = columnOrder(source, batch);
  return { batch, nowUs, ...identify(batch), ...judge(source, batch, order, nowUs) };
}

/**
 * Commits batches of one source, with distinct ids, in one transaction: history, online tiles, sequences, quarantine.
 * Answers in their order. A batch id that was committed before answers as the first time; a row that is stored already
 * counts as accepted and changes nothing. All or none: throws when one of the batches is refused.
 */
export function commitBatches(
  store: IngestStore,
  tenant: string,
  source: SourcePlan,
  batches: readonly CheckedBatch[],
  remainingMs?: number,
): Promise<IngestedBatch[]> {
  const commit = async (tx: IngestTransaction): Promise<IngestedBatch[]> => {
    const before = await tx.claimBatches(batches.map(({ batch }) => batch.batchId));
    const fresh = batches.filter(({ batch }) => !before.has(batch.batchId));
    const results = fresh.length === 0 ? [] : await commitFresh(tx, source, fresh);
    const byId = new Map(results.map((result) => [result.batchId, result]));
    return batches.map(({ batch: { batchId }, digest }) => {
      const earlier = before.get(batchId);
      if (earlier !== undefined) return repeat(batchId, earlier, digest);
      const { accepted, quarantined } = byId.get(batchId)!;
      return { accepted, quarantined, alreadyApplied: false };
    });
  };
  return store.ingest(tenant, source, commit, remainingMs);
}

async function commitFresh(
  tx: IngestTransaction,
  source: SourcePlan,
  batches: readonly CheckedBatch[],
): Promise<BatchResult[]> {
  const routed = batches.flatMap((checked) =>
    checked.routed.map(({ row, index }) => ({ checked, row, index })),
  );
  const { resolution, online } = await commitRows(
    tx,
    source,
    routed.map(({ row }) => row),
    Math.max(...batches.map(({ nowUs }) => nowUs)),
  );
  const quarantined = new Map(batches.map((checked) => [checked, [...checked.quarantined]]));
  for (const { position, fault } of resolution.faults) {
    const { checked, index } = routed[position]!;
    quarantined.get(checked)!.push(quarantine(checked.batch, index, fault));
  }
  const results = batches.map((checked) => resultOf(source, checked, quarantined.get(checked)!));
  await tx.writeBatches(results, {
    online,
    history: resolution.accepted,
    quarantined: [...quarantined.values()].flat(),
  });
  return results;
}

function resultOf(
  source: SourcePlan,
  { batch: { batchId, rows }, digest }: CheckedBatch,
  quarantined: readonly QuarantinedRow[],
): BatchResult {
  refuseBadBatch(source, quarantined, rows.length);
  return {
    batchId,
    digest,
    accepted: rows.length - quarantined.length,
    quarantined: quarantined.length,
  };
}

/** Refuses a batch whole when a larger share of it than the source tolerates failed the checks. */
export function refuseBadBatch(
  source: SourcePlan,
  quarantined: readonly QuarantinedRow[],
  rows: number,
): void {
  if (quarantined.length <= source.rejectBatchAboveShare * rows) return;
  const { fault, origin } = quarantined[0]!;
  throw errors.BATCH_REJECTED(
    `${quarantined.length} of ${rows} rows failed their checks, first ${origin}: ${fault.detail}`,
    { metadata: { source: source.program.spec.name, first_reason: fault.reason } },
  );
}

/** For each raw column of the source its place among the batch's columns; -1: absent, hence NULL. */
function columnOrder(source: SourcePlan, { batchId, columns, rows }: RowBatch): number[] {
  if (!BATCH_ID.test(batchId))
    throw errors.ROWS_INVALID('a batch id of 1 to 200 printable characters is required');
  if (rows.length === 0 || rows.length > MAX_ROWS) {
    throw errors.ROWS_INVALID(`a batch has 1 to ${MAX_ROWS} rows, not ${rows.length}`);
  }
  const known = source.program.spec.columns.map((column) => column.name);
  const unknown = columns.find((column) => !known.includes(column));
  if (unknown !== undefined)
    throw errors.ROWS_INVALID(`source ${source.program.spec.name} has no column ${unknown}`);
  if (new Set(columns).size < columns.length) throw errors.ROWS_INVALID('a column is named twice');
  const uneven = rows.findIndex((row) => row.length !== columns.length);
  if (uneven >= 0) {
    throw errors.ROWS_INVALID(
      `row ${uneven} has ${rows[uneven]!.length} values for ${columns.length} columns`,
    );
  }
  return known.map((column) => columns.indexOf(column));
}

function judge(
  source: SourcePlan,
  batch: RowBatch,
  order: readonly number[],
  nowUs: number,
): Pick<CheckedBatch, 'routed' | 'quarantined'> {
  const routed: { row: RoutedRow; index: number }[] = [];
  const quarantined: QuarantinedRow[] = [];
  const declared = source.program.spec.columns.map((column) => column.type);
  batch.rows.forEach((row, index) => {
    const cells = order.map((place) => (place < 0 ? null : row[place]!));
    const types = cells.map((cell, column) => cell?.type ?? declared[column]!);
    const admitted = source.program.admission(types)(
      cells.map((cell) => cell?.value ?? null),
      nowUs,
    );
    const verdict = admitted instanceof Fault ? admitted : routeRow(source, admitted);
    if (verdict instanceof Fault) quarantined.push(quarantine(batch, index, verdict));
    else routed.push({ row: verdict, index });
  });
  return { routed, quarantined };
}

function quarantine(batch: RowBatch, index: number, fault: Fault): QuarantinedRow {
  const row = batch.columns.map((column, place): [string, Value] => [
    column,
    batch.rows[index]![place]?.value ?? null,
  ]);
  return { origin: `batch ${batch.batchId} row ${index}`, fault, raw: rawJson(row) };
}

/** A raw row as JSON; NaN and infinities, which JSON lacks, are spelt out as texts. */
export function rawJson(row: readonly (readonly [string, Value])[]): string {
  return JSON.stringify(Object.fromEntries(row), spellOut);
}

function spellOut(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function repeat(batchId: string, before: BatchResult, digest: string): IngestedBatch {
  if (before.digest !== digest) {
    throw errors.BATCH_ID_REUSED('the batch id was used for other rows', { metadata: { batch_id: batchId } });
  }
  return { accepted: before.accepted, quarantined: before.quarantined, alreadyApplied: true };
}

function identify({ columns, rows }: RowBatch): Pick<CheckedBatch, 'digest' | 'sizeBytes'> {
  const content = JSON.stringify([columns, rows], spellOut);
  const digest = createHash('sha256').update(content).digest('hex').slice(0, 32);
  return { digest, sizeBytes: content.length };
}
