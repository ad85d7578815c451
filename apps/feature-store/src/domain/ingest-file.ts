import { createHash } from 'node:crypto';
import { EvaluationError, ExpressionError, fieldsOf, parseTyped, type Value } from '@plumbline/expressions';
import { Fault, type Admit } from '@plumbline/features';
import type { SourcePlan } from './catalogue.ts';
import { commitRows } from './commit-rows.ts';
import { errors } from './errors.ts';
import type { FileChunk, FileStore, LedgerStore, LoadedPartition, RowFile, SealStore } from './file-store.ts';
import { rawJson, refuseBadBatch } from './ingest-rows.ts';
import { routeRow, type RoutedRow } from './route-rows.ts';
import type { IngestStore, QuarantinedRow } from './row-store.ts';

export interface FileLoad {
  readonly tenant: string;
  readonly path: string;
  /** Expression over the source's columns; empty: all rows. */
  readonly where: string;
  readonly rowNumberColumn: string;
  /** File rows that are committed together: bounds memory, and what an interruption repeats. */
  readonly partitionRows: number;
}

export interface LoadProgress {
  readonly rowsRead: number;
  readonly rowsAccepted: number;
  readonly rowsQuarantined: number;
  readonly rowsAlreadyLoaded: number;
  /** 0 while unknown. */
  readonly rowsTotal: number;
  readonly fileDigest: string;
}

export interface LoadStores {
  readonly files: FileStore;
  readonly ledger: LedgerStore;
  readonly rows: IngestStore;
  readonly seals: SealStore;
}

/**
 * Loads a file, partition by partition, each in one transaction with its ledger entry: whatever interrupts a load,
 * the next one continues behind the last committed partition and nothing is taken twice. Yields after every partition;
 * the last report holds the totals.
 */
export async function* ingestFile(
  stores: LoadStores,
  source: SourcePlan,
  load: FileLoad,
  nowUs: () => number,
): AsyncGenerator<LoadProgress> {
  const { tenant } = load;
  const file = await stores.files.open(load.path, source, load.rowNumberColumn);
  const id = loadIdOf(file, load);
  const done = await stores.ledger.loadedPartitions(tenant, source.program.spec.name, id);
  const totals = totalsOf(file, load, done);
  totals.rowsAlreadyLoaded = totals.rowsAccepted;
  const loaded = new Set(done.map((partition) => partition.firstRow));
  const firstRow = firstMissing(file, load, loaded);
  if (firstRow < file.rowCount) {
    for await (const part of cut(source, file, load, firstRow, loaded, nowUs())) {
      const result = await commitPartition(stores, source, load, file, id, part, nowUs());
      totals.rowsRead += result.rowsRead;
      totals.rowsAccepted += result.rowsAccepted + result.rowsRepeated;
      totals.rowsQuarantined += result.rowsQuarantined;
      totals.rowsAlreadyLoaded += result.rowsRepeated;
      yield { ...totals };
    }
  }
  yield await finalTotals(stores.ledger, source, load, file, id, totals);
}

/** Counts by the ledger, which also knows what another process loaded meanwhile. */
async function finalTotals(
  ledger: LedgerStore,
  source: SourcePlan,
  load: FileLoad,
  file: RowFile,
  loadId: string,
  ours: LoadProgress,
): Promise<LoadProgress> {
  const partitions = await ledger.loadedPartitions(load.tenant, source.program.spec.name, loadId);
  const totals = totalsOf(file, load, partitions);
  const newlyAccepted = ours.rowsAccepted - ours.rowsAlreadyLoaded;
  return { ...totals, rowsTotal: totals.rowsRead, rowsAlreadyLoaded: totals.rowsAccepted - newlyAccepted };
}

/** The wanted rows of one partition of a file, judged as they are read. */
interface FilePart {
  readonly firstRow: number;
  readonly endRow: number;
  rowsRead: number;
  readonly routed: RoutedRow[];
  /** Row numbers of `routed`. */
  readonly numbers: number[];
  readonly quarantined: QuarantinedRow[];
}

async function* cut(
  source: SourcePlan,
  file: RowFile,
  load: FileLoad,
  firstRow: number,
  loaded: ReadonlySet<number>,
  nowUs: number,
): AsyncGenerator<FilePart> {
  const isWanted = compileWhere(source, file, load.where);
  const admit = source.program.admission(file.types);
  let part = partAt(file, load, firstRow);
  for await (const chunk of file.rows(firstRow)) {
    for (let index = 0; index < chunk.count; index++) {
      const number = chunk.firstRow + index;
      if (number >= part.endRow) {
        if (!loaded.has(part.firstRow)) yield part;
        part = partAt(file, load, number);
      }
      if (!loaded.has(part.firstRow) && isWanted(chunk, index))
        judge(source, file, admit, part, chunk, index, nowUs);
    }
  }
  if (!loaded.has(part.firstRow)) yield part;
}

function partAt(file: RowFile, { partitionRows }: FileLoad, row: number): FilePart {
  const firstRow = row - (row % partitionRows);
  const endRow = Math.min(firstRow + partitionRows, file.rowCount);
  return { firstRow, endRow, rowsRead: 0, routed: [], numbers: [], quarantined: [] };
}

function judge(
  source: SourcePlan,
  file: RowFile,
  admit: Admit,
  part: FilePart,
  chunk: FileChunk,
  index: number,
  nowUs: number,
): void {
  const number = chunk.firstRow + index;
  const values = file.types.map((_, column) => chunk.value(column, index));
  const admitted = admit(values, nowUs);
  const verdict = admitted instanceof Fault ? admitted : routeRow(source, admitted);
  part.rowsRead++;
  if (verdict instanceof Fault) {
    part.quarantined.push(quarantine(source, file, number, values, verdict));
  } else {
    part.routed.push(verdict);
    part.numbers.push(number);
  }
}

interface PartitionResult {
  readonly rowsRead: number;
  readonly rowsAccepted: number;
  readonly rowsQuarantined: number;
  readonly rowsRepeated: number;
}

async function commitPartition(
  stores: LoadStores,
  source: SourcePlan,
  load: FileLoad,
  file: RowFile,
  loadId: string,
  part: FilePart,
  nowUs: number,
): Promise<PartitionResult> {
  return stores.rows.ingest(load.tenant, source, async (tx) => {
    if (await tx.hasPartition(loadId, part.firstRow)) return NOTHING;
    const quarantined = [...part.quarantined];
    const { resolution, online } = await commitRows(tx, source, part.routed, nowUs);
    for (const { position, fault } of resolution.faults) {
      const { values } = part.routed[position]!.row;
      quarantined.push(quarantine(source, file, part.numbers[position]!, values, fault));
    }
    refuseBadBatch(source, quarantined, part.rowsRead);
    const history = resolution.accepted;
    const result = {
      rowsRead: part.rowsRead,
      rowsAccepted: history.length,
      rowsQuarantined: quarantined.length,
      rowsRepeated: resolution.repeated,
    };
    const sealed = history.length === 0 ? undefined : await stores.seals.seal(source, history);
    const { firstRow, endRow } = part;
    const record = { loadId, fileDigest: file.digest, firstRow, endRow, ...result, sealed };
    await tx.writePartition(record, { online, quarantined });
    return result;
  });
}

const NOTHING: PartitionResult = { rowsRead: 0, rowsAccepted: 0, rowsQuarantined: 0, rowsRepeated: 0 };

function quarantine(
  source: SourcePlan,
  file: RowFile,
  number: number,
  values: readonly Value[],
  fault: Fault,
): QuarantinedRow {
  const raw = source.program.spec.columns.map(({ name }, slot): [string, Value] => [
    name,
    values[slot] ?? null,
  ]);
  return { origin: `file ${file.digest} row ${number}`, fault, raw: rawJson(raw) };
}

/** Only rows for which `where` holds are read: not those for which it is false or NULL. */
function compileWhere(
  source: SourcePlan,
  file: RowFile,
  where: string,
): (chunk: FileChunk, index: number) => boolean {
  if (where === '') return () => true;
  const { program } = source;
  const columns = new Map(program.spec.columns.map((column, slot) => [column.name, file.types[slot]!]));
  try {
    const expression = parseTyped(where, columns, 'BOOL');
    const slots = [...fieldsOf(expression)].map((name) => program.slotOf(name));
    const evaluate = program.compile(expression);
    const row: Value[] = [];
    return (chunk, index) => {
      for (const slot of slots) row[slot] = chunk.value(slot, index);
      try {
        return evaluate(row) === true;
      } catch (error) {
        throw whereFault(error);
      }
    };
  } catch (error) {
    throw whereFault(error);
  }
}

/** A condition that does not parse, or is not defined for one of the rows, fails the load. */
function whereFault(error: unknown): unknown {
  if (!(error instanceof ExpressionError || error instanceof EvaluationError)) return error;
  return errors.EXPRESSION_INVALID(`where: ${error.message}`, {
    fieldViolations: [{ field: 'where', description: error.message }],
  });
}

/** The same file read in the same way is the same load, wherever it lies. */
function loadIdOf(file: RowFile, { where, rowNumberColumn, partitionRows }: FileLoad): string {
  return createHash('sha256')
    .update(JSON.stringify([file.digest, where, rowNumberColumn, partitionRows]))
    .digest('hex');
}

function firstMissing(file: RowFile, { partitionRows }: FileLoad, loaded: ReadonlySet<number>): number {
  for (let firstRow = 0; firstRow < file.rowCount; firstRow += partitionRows) {
    if (!loaded.has(firstRow)) return firstRow;
  }
  return file.rowCount;
}

function totalsOf(
  file: RowFile,
  { where }: FileLoad,
  done: readonly LoadedPartition[],
): { -readonly [K in keyof LoadProgress]: LoadProgress[K] } {
  const sum = (count: (partition: LoadedPartition) => number): number =>
    done.reduce((total, partition) => total + count(partition), 0);
  return {
    rowsRead: sum((partition) => partition.rowsRead),
    rowsAccepted: sum((partition) => partition.rowsRead - partition.rowsQuarantined),
    rowsQuarantined: sum((partition) => partition.rowsQuarantined),
    rowsAlreadyLoaded: 0,
    rowsTotal: where === '' ? file.rowCount : 0,
    fileDigest: file.digest,
  };
}
